// A token bucket on one word: GCRA. The word is the theoretical arrival time (TAT), the instant at which the
// bucket will be full again; taking n tokens moves it n intervals on, and is allowed while it stays within
// `burst` intervals of now. Nothing refills it, so an idle bucket costs nothing.
//
// Invariant: in any window of length w at most rate*w + burst tokens are granted (a single take above the
// burst is granted from a full bucket only, and paid off before the next). Resolution is a third of a
// nanosecond: every rate whose interval is a whole number of ticks is exact (5,000/s, 3/s, 3/day,
// 125,000,000/s); others are rounded to the slow side by less than one tick a token.
//
// Threads: every function from any thread. `now` may differ between threads by a little: an older `now` only
// sees the bucket as emptier.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/base/clock.hpp"
#include "throttle/rate.hpp"

namespace sluice::throttle {

class Bucket {
 public:
  static constexpr std::uint64_t kTicksPerMicro = 3000;
  /// One take, and a burst, span at most this, whatever the rate: a 50 MB message at 1 byte a day must not
  /// overflow the word.
  static constexpr Micros kMaxDebt{std::chrono::hours(24 * 3653)};

  /// What a take left behind: proof for a later refund. Zero is "denied".
  class Receipt {
   public:
    Receipt() = default;
    explicit operator bool() const { return full_at_ != 0; }

   private:
    friend class Bucket;
    friend class Quota;
    explicit Receipt(std::uint64_t full_at) : full_at_(full_at) {}
    std::uint64_t full_at_ = 0;
  };

  /// Full.
  explicit Bucket(const Rate& rate) { shape(rate); }

  /// All n or none.
  [[nodiscard]] Receipt try_take(Instant now, std::uint64_t n) {
    const auto at = ticks(now);
    const auto cost = cost_of(n);
    const auto burst = burst_.load(std::memory_order_relaxed);
    const auto needed = cost < burst ? cost : burst;
    auto full_at = full_at_.load(std::memory_order_relaxed);
    for (;;) {
      const auto from = full_at > at ? full_at : at;
      if (from + needed > at + burst) return {};
      if (full_at_.compare_exchange_weak(full_at, from + cost, std::memory_order_relaxed)) {
        return Receipt(from + cost);
      }
    }
  }

  /// The first instant, not before `now`, at which try_take(n) would be granted if nobody else takes.
  /// `behind` tokens are counted as taken first: the place in a queue.
  [[nodiscard]] Instant ready_at(Instant now, std::uint64_t n, std::uint64_t behind = 0) const;

  /// Tokens that could be taken at `now`; at most the burst.
  [[nodiscard]] std::uint64_t available(Instant now) const;
  [[nodiscard]] bool full(Instant now) const;

  /// Undoes a take of n at the instant it was made (another limit denied): the bucket is as if it never was.
  void refund(std::uint64_t n) { move_back(cost_of(n)); }
  /// Undoes it later: gives back what time has not refilled meanwhile. Within the bound of the class when
  /// takes are undone last first; in another order tokens may come early, never more than were undone before
  /// (one word cannot remember more).
  void refund(std::uint64_t n, Receipt receipt, Instant now);

  /// Keeps what has been taken, counted in tokens and never beyond empty: raising 1/day to 10/s does not wait
  /// for tomorrow, lowering does not punish, and neither is a burst. A take at the same moment may count in
  /// old tokens.
  void set_rate(const Rate& rate, Instant now);

  /// From empty to full: the burst in time.
  [[nodiscard]] Micros span() const {
    return Micros(static_cast<std::int64_t>(burst_.load(std::memory_order_relaxed) / kTicksPerMicro));
  }

  /// The TAT, rounded up to a microsecond. Save it; restore() it after a restart.
  [[nodiscard]] Instant snapshot() const;
  /// Clamped: never fuller than full, and never emptier than empty at `now` (so it blocks one token for one
  /// interval at most), whatever clock wrote `saved`.
  void restore(Instant saved, Instant now);
  void reset() { full_at_.store(0, std::memory_order_seq_cst); }

 private:
  [[nodiscard]] static std::uint64_t ticks(Instant at) {
    const auto micros = at.time_since_epoch().count();
    return micros > 0 ? static_cast<std::uint64_t>(micros) * kTicksPerMicro : 1;
  }
  [[nodiscard]] std::uint64_t cost_of(std::uint64_t n) const;
  void move_back(std::uint64_t cost);
  void shape(const Rate& rate);

  std::atomic<std::uint64_t> full_at_{0};   ///< ticks since 1970; good until the year 2164
  std::atomic<std::uint64_t> interval_{1};  ///< ticks a token
  std::atomic<std::uint64_t> burst_{1};     ///< ticks of the whole burst
};

static_assert(sizeof(Bucket) <= 32);

inline std::uint64_t Bucket::cost_of(std::uint64_t n) const {
  constexpr auto kMax = static_cast<std::uint64_t>(kMaxDebt.count()) * kTicksPerMicro;
  std::uint64_t cost = 0;
  const bool overflow = __builtin_mul_overflow(n, interval_.load(std::memory_order_relaxed), &cost);
  return overflow || cost > kMax ? kMax : cost;
}

}  // namespace sluice::throttle
