#include "engine/delivery/tolerance.hpp"

#include <algorithm>

namespace sluice::delivery {

std::size_t Tolerance::limit(Instant now) const {
  if (limit_ == SIZE_MAX || now < next_try_) return limit_;
  return limit_ + step_;
}

void Tolerance::refused(std::size_t open, Instant now) {
  const bool known = limit_ != SIZE_MAX;
  // Several are refused together where several were tried: that is one thing learnt, not many.
  if (known && now < next_try_ && wait_.count() > 0) {
    limit_ = std::min(limit_, std::max<std::size_t>(1, open));
    return;
  }
  limit_ = std::max<std::size_t>(1, open);
  const Micros first = options_.first_wait;
  wait_ = wait_.count() == 0 ? first : std::min<Micros>(4 * wait_, options_.most_wait);
  next_try_ = now + wait_;
  step_ = 1;
}

void Tolerance::accepted(std::size_t open, Instant now) {
  if (limit_ == SIZE_MAX || open <= limit_) return;
  limit_ = open;
  if (now < next_try_) return;  // it was under way when another was refused
  wait_ = {};
  step_ *= 2;
  next_try_ = now + options_.growth_every;
  if (step_ > options_.forget_above) *this = Tolerance(options_);
}

}  // namespace sluice::delivery
