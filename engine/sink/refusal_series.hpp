// When a site refused for its limits, second by second since its first connection. Any thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace sluice::sink {

class RefusalSeries {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kSeconds = 3600;  ///< later refusals count into the last

  /// The first call begins the first second.
  void begin(Clock::time_point now) {
    std::int64_t none = 0;
    begun_.compare_exchange_strong(none, now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  /// Since begin(); zero before it.
  [[nodiscard]] Clock::duration age(Clock::time_point now) const {
    const auto begun = begun_.load(std::memory_order_relaxed);
    return begun == 0 ? Clock::duration{} : now.time_since_epoch() - Clock::duration(begun);
  }
  void add(Clock::time_point now) {
    const auto second = std::chrono::floor<std::chrono::seconds>(age(now)).count();
    const auto at = second < 0 ? 0 : std::min(static_cast<std::size_t>(second), kSeconds - 1);
    counts_[at].fetch_add(1, std::memory_order_relaxed);
  }
  /// Up to the last second with a refusal.
  [[nodiscard]] std::vector<std::uint32_t> counts() const {
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i < kSeconds; ++i) {
      const auto count = counts_[i].load(std::memory_order_relaxed);
      if (count == 0) continue;
      out.resize(i + 1);
      out[i] = count;
    }
    return out;
  }

 private:
  std::atomic<std::int64_t> begun_{0};
  std::array<std::atomic<std::uint32_t>, kSeconds> counts_{};
};

}  // namespace sluice::sink
