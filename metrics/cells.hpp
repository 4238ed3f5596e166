// What a series counts in: one cell a thread and series. Exactly one thread writes a cell, so that adding is
// a plain load and store, without a locked instruction; any thread reads it, and may see it a moment late.
// Each cell has cache lines of its own: threads never meet on one, not even through the cells of different
// series.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::metrics {

inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kMaxBounds = 12;  ///< of a histogram; +Inf comes on top

/// A counter or a gauge. Whole numbers are exact up to 2^53.
class alignas(kCacheLine) Cell {
 public:
  void add(double n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Counts of observations by upper bound, and their sum. `bounds` ascend, are at most kMaxBounds, and live
/// on.
class alignas(kCacheLine) HistogramCell {
 public:
  explicit HistogramCell(std::span<const double> bounds) : bounds_(bounds) {}

  void observe(double value) {
    std::size_t at = 0;
    while (at < bounds_.size() && value > bounds_[at]) ++at;
    add(counts_[at], 1);
    sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }
  /// Observations in bucket `at`, not those below it; the last is +Inf.
  [[nodiscard]] std::uint64_t count(std::size_t at) const {
    return counts_[at].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  const std::span<const double> bounds_;
  std::atomic<double> sum_{0};
  std::array<std::atomic<std::uint64_t>, kMaxBounds + 1> counts_{};
};

}  // namespace sluice::metrics
