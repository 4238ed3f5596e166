#include "engine/delivery/timers.hpp"

namespace sluice::delivery {

void Timers::at(Instant when, std::function<void()> fn) {
  if (stopped_ || when == Instant::max()) return;
  entries_.push({when, next_order_++, std::move(fn)});
  arm();
}

void Timers::stop() {
  stopped_ = true;
  timer_.cancel();
  entries_ = {};
}

void Timers::arm() {
  if (driven_ || entries_.empty() || stopped_ || entries_.top().when >= armed_) return;
  armed_ = entries_.top().when;
  timer_.expires_after(std::max<Micros>(armed_ - clock_.now(), Micros(0)));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    fire();
  });
}

void Timers::fire() {
  armed_ = Instant::max();
  const auto now = clock_.now();
  while (!entries_.empty() && entries_.top().when <= now) {
    auto fn = std::move(const_cast<Entry&>(entries_.top()).fn);
    entries_.pop();
    fn();
  }
  arm();
}

}  // namespace sluice::delivery
