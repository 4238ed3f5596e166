// Counts events in whole seconds of the steady clock and remembers the fullest one. Any thread, no locks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice::sink {

class SecondCounter {
 public:
  using Clock = std::chrono::steady_clock;

  /// Counts one event unless `limit` (0: none) were counted in this second. False: it was not counted.
  bool add(Clock::time_point now, std::uint32_t limit = 0) {
    const auto second =
        static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
    auto seen = window_.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
      // A thread that read the clock just before the turn of the second counts into the new one.
      const bool same = static_cast<std::int32_t>(second - static_cast<std::uint32_t>(seen >> 32)) <= 0;
      if (same && limit != 0 && static_cast<std::uint32_t>(seen) >= limit) return false;
      next = same ? seen + 1 : (static_cast<std::uint64_t>(second) << 32) | 1;
    } while (!window_.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    const auto count = static_cast<std::uint32_t>(next);
    auto peak = peak_.load(std::memory_order_relaxed);
    while (count > peak && !peak_.compare_exchange_weak(peak, count, std::memory_order_relaxed)) {
    }
    return true;
  }

  [[nodiscard]] std::uint32_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> window_{0};  // second << 32 | events in it
  std::atomic<std::uint32_t> peak_{0};
};

}  // namespace sluice::sink
