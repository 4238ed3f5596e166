// A point in steady time by which something must be over. Passed down whole, so that three steps under one
// limit share it instead of each getting a fresh timeout.
#pragma once

#include <algorithm>
#include <chrono>

namespace sluice::net {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// Never passes.
  constexpr Deadline() = default;
  [[nodiscard]] static constexpr Deadline never() { return {}; }
  [[nodiscard]] static constexpr Deadline at(Clock::time_point when) { return Deadline(when); }
  /// `from` saves a clock read where the caller has one at hand. Durations too long for the clock mean never.
  [[nodiscard]] static Deadline after(Clock::duration wait, Clock::time_point from = Clock::now()) {
    return wait > Clock::time_point::max() - from ? Deadline() : Deadline(from + wait);
  }

  [[nodiscard]] constexpr Clock::time_point time() const { return at_; }
  [[nodiscard]] constexpr bool is_never() const { return at_ == Clock::time_point::max(); }
  [[nodiscard]] bool passed(Clock::time_point now = Clock::now()) const { return now >= at_; }
  /// Zero once passed.
  [[nodiscard]] Clock::duration remaining(Clock::time_point now = Clock::now()) const {
    return at_ > now ? at_ - now : Clock::duration::zero();
  }
  [[nodiscard]] constexpr Deadline sooner(Deadline other) const { return Deadline(std::min(at_, other.at_)); }

  friend constexpr auto operator<=>(const Deadline&, const Deadline&) = default;

 private:
  explicit constexpr Deadline(Clock::time_point when) : at_(when) {}

  Clock::time_point at_ = Clock::time_point::max();
};

}  // namespace sluice::net
