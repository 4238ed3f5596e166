// Time as the engine sees it: wall time at start plus steady time since, so that a clock step never moves a
// due time. Queue, scheduler and throttles take `now` as an argument or a Clock by reference; only engine/app
// makes the real one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice {

using Micros = std::chrono::microseconds;
/// Microseconds since 1970-01-01 UTC. One time type for due times, events and throttles.
using Instant = std::chrono::time_point<std::chrono::system_clock, Micros>;

class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back. Safe from any thread.
  [[nodiscard]] virtual Instant now() const = 0;
};

/// Wall clock read once at construction, advanced by the steady clock. `skew()` tells how far the wall clock
/// has been stepped since (NTP, an operator); a restart takes the new wall time over.
class SystemClock final : public Clock {
 public:
  SystemClock();
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] Micros skew() const;

 private:
  Instant wall_start_;
  std::chrono::steady_clock::time_point steady_start_;
};

/// Stands still until told; for tests and the simulation. One thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}
  [[nodiscard]] Instant now() const override { return now_; }
  void advance(Micros by) { now_ += by; }
  void set(Instant to) { now_ = to; }

 private:
  Instant now_;
};

[[nodiscard]] constexpr std::int64_t to_ms(Instant at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}
[[nodiscard]] constexpr Instant from_ms(std::int64_t ms) { return Instant(std::chrono::milliseconds(ms)); }

/// RFC 3339 in UTC with milliseconds: 2026-11-25T19:00:00.000Z.
[[nodiscard]] std::string to_rfc3339(Instant at);

}  // namespace sluice
