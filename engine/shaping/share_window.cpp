#include "engine/shaping/share_window.hpp"

#include <algorithm>

namespace sluice::shaping {

Counts& Counts::operator+=(const Counts& more) {
  answers += more.answers;
  delivered += more.delivered;
  deferred += more.deferred;
  bounced += more.bounced;
  unknown += more.unknown;
  complaints += more.complaints;
  blocked += more.blocked;
  return *this;
}

Judged judge(Share share, const Counts& counts) {
  const auto part = share == Share::deferred     ? counts.deferred
                    : share == Share::bounced    ? counts.bounced
                    : share == Share::complained ? counts.complaints
                    : share == Share::blocked    ? counts.blocked
                                                 : counts.unknown;
  const auto of = share == Share::complained ? counts.delivered : counts.answers;
  if (of == 0) return {};
  return {static_cast<double>(part) / static_cast<double>(of), of};
}

std::int64_t ShareWindow::number_of(Instant at) const {
  return to_ms(at) / std::max<std::int64_t>(1, window_.count() / kParts);
}

void ShareWindow::add(Instant now, const Counts& counts) {
  const auto number = number_of(now);
  auto& part = parts_[static_cast<std::size_t>(number % kParts)];
  if (part.number != number) part = {number, {}};
  part.counts += counts;
}

Counts ShareWindow::sum(Instant now) const {
  const auto number = number_of(now);
  Counts out;
  for (const auto& part : parts_) {
    if (part.number > number - kParts && part.number <= number) out += part.counts;
  }
  return out;
}

}  // namespace sluice::shaping
