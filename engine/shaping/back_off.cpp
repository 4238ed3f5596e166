#include "engine/shaping/back_off.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::shaping {
namespace {

constexpr double kJitter = 0.1;  ///< of a pause, added: sources do not come back together
/// Times what was taken: allowed and not refused, nothing is left of the limit. What was tried says too
/// little of how fast the source would send: the first refusal stops it.
constexpr double kFar = 20;
constexpr unsigned kMostDoublings = 16;  ///< beyond it pause_max and recover_max hold anyway
constexpr std::uint32_t kMoreConnections =
    4;  ///< this many above twice the first cap: nothing refuses any more

Millis doubled(Millis first, unsigned times, Millis most) {
  const auto long_ago = first.count() << std::min(times, kMostDoublings);
  return std::min(most, Millis{long_ago});
}

}  // namespace

throttle::Rate to_rate(double per_second) {
  const auto count = [](double n) { return static_cast<std::uint64_t>(std::llround(std::max(1.0, n))); };
  if (per_second >= 20) return {count(per_second), std::chrono::seconds(1), 0};
  // Slow rates have no burst: a receiver that counts by the second shall not see several at once.
  if (per_second * 60 >= 20) return {count(per_second * 60), std::chrono::minutes(1), 1};
  return {count(per_second * 3600), std::chrono::hours(1), 1};
}

double per_second(const throttle::Rate& rate) {
  return static_cast<double>(rate.count) / std::chrono::duration<double>(rate.period).count();
}

Millis BackOff::pause_of() const {
  return doubled(gait_.pause, steps_down_ == 0 ? 0 : steps_down_ - 1, gait_.pause_max);
}

/// Up to what was refused the way is known; beyond it each failed try makes the next one rarer.
Millis BackOff::patience() const {
  const bool beyond = action_ == Action::connections
                          ? connections_ + 1 > refused_connections_
                          : rate_ * (1 + gait_.recover_percent / 100.0) > refused_rate_;
  return beyond && steps_down_ > 1 ? doubled(gait_.recover_every, steps_down_ - 1, gait_.recover_max)
                                   : gait_.recover_every;
}

void BackOff::schedule(Instant from) {
  // A mere pause is remembered behind its end: the next refusal is then another step.
  next_step_ = from + (gradual() ? patience() : gait_.recover_every);
}

void BackOff::step_down(const Pace& pace, unsigned connections) {
  if (action_ == Action::connections) {
    const auto cap = std::max(1U, connections);
    refused_connections_ = cap;
    if (steps_down_ == 0) first_connections_ = cap;
    // A receiver that refuses even what it took before gets fewer.
    connections_ = steps_down_ > 0 && connections_ <= cap ? std::max(1U, connections_ * 3 / 4) : cap;
    return;
  }
  const double share = gait_.reduce_percent / 100.0;
  refused_rate_ = steps_down_ == 0 ? std::max(pace.taken, per_second(gait_.least)) : rate_;
  if (steps_down_ == 0) full_rate_ = std::max(pace.tried, kFar * refused_rate_);
  const double from = steps_down_ == 0 ? pace.taken : rate_;
  rate_ = std::max(from * share, per_second(gait_.least));
}

bool BackOff::refuse(Instant now, const Pace& pace, unsigned connections, Random& random) {
  if (over_ || now < pause_until_) return false;
  step_down(pace, connections);
  ++steps_down_;
  const auto pause = std::chrono::duration<double, std::milli>(pause_of()) * (1 + kJitter * random.unit());
  pause_until_ = now + std::chrono::duration_cast<Micros>(pause);
  schedule(pause_until_);
  return true;
}

bool BackOff::advance(Instant now) {
  if (over_ || now < next_step_) return false;
  if (action_ == Action::connections) {
    ++connections_;
    over_ = connections_ > 2 * first_connections_ + kMoreConnections;
  } else if (action_ == Action::slow) {
    rate_ *= 1 + gait_.recover_percent / 100.0;
    over_ = rate_ >= full_rate_;
  } else {
    over_ = true;
  }
  schedule(now);
  return true;
}

void BackOff::resume(Instant now, std::optional<double> rate, std::optional<std::uint32_t> connections,
                     std::optional<Instant> pause_until) {
  steps_down_ = 1;
  pause_until_ = pause_until.value_or(now);
  rate_ = rate.value_or(per_second(gait_.least));
  refused_rate_ = rate_ * 100.0 / gait_.reduce_percent;
  full_rate_ = kFar * refused_rate_;
  connections_ = connections.value_or(1);
  refused_connections_ = first_connections_ = connections_;
  schedule(std::max(now, pause_until_));
}

}  // namespace sluice::shaping
