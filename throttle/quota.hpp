// How many in a fixed window: an hour or a day of UTC, whose count begins at 0 each time. Count and window
// share one word, so a grant is one compare-and-swap.
//
// Invariant: in no window is more granted than the quota, for any interleaving of takes and refunds. A clock
// that goes back does not: the latest window seen counts on until the clock has passed it.
//
// Threads: every function from any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "throttle/bucket.hpp"

namespace sluice::throttle {

/// `count` messages each `period`; windows begin at whole multiples of it since 1970-01-01 UTC.
struct Allowance {
  std::uint64_t count = 1;                ///< 1 … kMaxRateCount
  Micros period{std::chrono::hours(24)};  ///< an hour or more
  friend bool operator==(const Allowance&, const Allowance&) = default;
};

class Quota {
 public:
  /// What was taken in which window: periods since 1970.
  struct Count {
    std::uint64_t window = 0;
    std::uint64_t used = 0;
    friend bool operator==(const Count&, const Count&) = default;
  };

  explicit Quota(const Allowance& allowance) { set(allowance); }

  /// All n or none.
  [[nodiscard]] Bucket::Receipt try_take(Instant now, std::uint64_t n);
  /// Gives n back if the window they were taken in still counts.
  void refund(std::uint64_t n, Bucket::Receipt receipt);

  [[nodiscard]] std::uint64_t available(Instant now) const;
  /// `now`, or when the next window begins. More than the whole quota at once is granted by no window:
  /// Instant::max().
  [[nodiscard]] Instant ready_at(Instant now, std::uint64_t n) const;
  [[nodiscard]] Count count(Instant now) const;
  /// When the count begins at 0 again.
  [[nodiscard]] Instant window_end(Instant now) const;

  /// Counts on under the new number; another period begins a new count.
  void set(const Allowance& allowance);
  [[nodiscard]] Allowance allowance() const;
  /// Takes over what was saved, unless its window is over. One further ahead than the next (a clock that was
  /// wrong wrote it) counts as the present one: it holds mail back for a window at most.
  void restore(Count saved, Instant now);
  void reset() { word_.store(0, std::memory_order_seq_cst); }

 private:
  static constexpr unsigned kUsedBits = 40;
  static constexpr std::uint64_t kUsedMask = (std::uint64_t{1} << kUsedBits) - 1;
  static_assert(kMaxRateCount <= kUsedMask);

  [[nodiscard]] static std::uint64_t pack(Count count) { return count.window << kUsedBits | count.used; }
  [[nodiscard]] static Count unpack(std::uint64_t word) { return {word >> kUsedBits, word & kUsedMask}; }
  /// What a word means at `now`.
  [[nodiscard]] Count at(std::uint64_t word, Instant now) const;

  std::atomic<std::uint64_t> word_{0};
  std::atomic<std::uint64_t> limit_{1};
  std::atomic<std::int64_t> period_us_{1};
};

static_assert(sizeof(Quota) <= 32);

}  // namespace sluice::throttle
