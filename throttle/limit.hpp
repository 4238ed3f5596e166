// The common face of a token bucket, a concurrency limit and a gate (nothing before an instant), with the
// list of those it has denied.
//
// A limit may have an end: from then on it grants whatever is asked, and those it holds back are woken by
// timer. Overrides end so, without anybody who looks after them.
//
// A grant is one compare-and-swap and never takes the lock. A denied asker parks here and is not touched
// again until this limit can grant: a concurrency limit wakes on release, a bucket at the instant it will
// have the tokens, a gate when it opens. Timers belong to the scheduler: park() and wake_due() say at which
// instant the calling thread must call wake_due() again.
//
// No lost wake-up: the parking side makes itself visible (waiting_) and then looks at the limit again; the
// releasing side gives back and then looks at waiting_. Both orders are sequentially consistent, so one of
// them sees the other.
//
// Threads: any, for every function. The Limit outlives its permits and waiters (PolicySet pins it through
// Limits).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "throttle/bucket.hpp"
#include "throttle/concurrency.hpp"
#include "throttle/mutex.hpp"
#include "throttle/waiter.hpp"

namespace sluice::throttle {

/// Nothing before the limit's end, then no limit at all.
struct Gate {
  friend bool operator==(const Gate&, const Gate&) = default;
};

/// What a limit limits: a rate, slots, or everything.
using LimitValue = std::variant<Rate, std::uint32_t, Gate>;

class Limit {
 public:
  static constexpr Instant kForever = Instant::max();

  /// `title` begins the printable name: `policy "example.test" message_rate`; the value and `where` (which of
  /// the values of a "*" dimension this one is for; may be empty) follow.
  Limit(std::string title, std::string where, const Rate& rate);
  Limit(std::string title, std::string where, std::uint32_t slots);
  Limit(std::string title, std::string where, const LimitValue& value, Instant ends = kForever);
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit();

  [[nodiscard]] bool is_bucket() const { return kind_ == Kind::bucket; }
  [[nodiscard]] bool is_slots() const { return kind_ == Kind::slots; }
  [[nodiscard]] bool is_gate() const { return kind_ == Kind::gate; }

  /// n tokens or slots, all or none. `receipt` is set by a bucket's grant.
  [[nodiscard]] bool try_take(Instant now, std::uint64_t n, Bucket::Receipt& receipt) {
    if (kind_ == Kind::bucket) {
      receipt = bucket_.try_take(now, n);
      return receipt || over(now);
    }
    if (kind_ == Kind::gate) return over(now);
    if (n > UINT32_MAX) return false;
    const auto slots = static_cast<std::uint32_t>(n);
    if (slots_.try_take(slots)) return true;
    if (!over(now)) return false;
    slots_.take_anyway(slots);
    return true;
  }
  /// Counts n slots in that are held already, granted or not; release() as for others. Slots only.
  void take_anyway(std::uint32_t n) { slots_.take_anyway(n); }
  /// At most what try_take would grant now.
  [[nodiscard]] std::uint64_t available(Instant now) const {
    if (over(now)) return UINT32_MAX;
    if (kind_ == Kind::gate) return 0;
    return kind_ == Kind::bucket ? bucket_.available(now) : slots_.available();
  }
  /// More slots are held than it has: it was lowered, or counted in what was open before.
  [[nodiscard]] bool exceeded(Instant now) const {
    return kind_ == Kind::slots && slots_.in_use() > slots_.limit() && !over(now);
  }
  /// When n could be granted; kForever where only a release can tell.
  [[nodiscard]] Instant ready_at(Instant now, std::uint64_t n) const;

  /// Undoes a take at the instant it was made; wakes.
  void undo(Instant now, std::uint64_t n);
  /// Slots come back (wakes); tokens stay spent.
  void release(Instant now, std::uint64_t n);
  /// Slots or tokens come back later than they were taken (see Bucket::refund); wakes.
  void refund(Instant now, std::uint64_t n, Bucket::Receipt receipt);

  struct Parked {
    bool parked = false;  ///< false: the limit can grant by now; ask again at once
    std::optional<Instant>
        arm;  ///< call wake_due(*arm, …) at that instant; absent: another thread's timer will
  };
  /// Puts a denied asker for n on the list. One that was woken by this limit and lost the race goes to the
  /// front, others to the back; one still on the list keeps its place. If another limit had woken it, that
  /// wake-up is passed on.
  [[nodiscard]] Parked park(Waiter& waiter, Instant now, std::uint64_t n);

  /// The timer armed for `armed` fired. Wakes as many as can be granted; returns the next instant to arm, if
  /// any. A timer that was overtaken by an earlier one does nothing. Early calls return `armed`.
  [[nodiscard]] std::optional<Instant> wake_due(Instant armed, Instant now);
  /// What is armed, for explain.
  [[nodiscard]] std::optional<Instant> next_wake() const;

  /// Everybody, for a changed limit or shutdown.
  void wake_all();
  [[nodiscard]] std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

  /// Change the value in place (hot reload): state is kept, waiters are woken to ask again. The value is of
  /// the kind the limit was made with.
  void set_rate(const Rate& rate, Instant now);
  void set_slots(std::uint32_t slots);
  void set(const LimitValue& value, Instant now);
  /// Another end, for an override that was replaced. Waiters are woken.
  void set_end(Instant ends);
  [[nodiscard]] Instant ends() const { return Instant(Micros(ends_.load(std::memory_order_acquire))); }

  /// `policy "example.test" message_rate 100/s burst 10`, then ` for site=mx.example.test` where it is one of
  /// many.
  [[nodiscard]] std::string name() const;
  /// The state for a person: `3 of 5 in use, 12 waiting` or `next in 1.250 s, 12 waiting`.
  [[nodiscard]] std::string describe(Instant now) const;

  /// Full or nothing in use, and nobody waiting: forgetting it changes nothing.
  [[nodiscard]] bool idle(Instant now) const;
  /// Buckets only.
  [[nodiscard]] Instant snapshot() const { return bucket_.snapshot(); }
  void restore(Instant saved, Instant now) { bucket_.restore(saved, now); }
  /// Refills a bucket by operator's order; wakes.
  void reset();

 private:
  friend class Waiter;
  enum class Kind : std::uint8_t { bucket, slots, gate };

  [[nodiscard]] bool over(Instant now) const {
    return now.time_since_epoch().count() >= ends_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] Instant ready_unless_over(Instant now, std::uint64_t n, std::uint64_t behind) const;
  void forget(Waiter& waiter);
  void leave(Waiter& waiter, Instant now);
  void wake_if_waiting(Instant now);
  std::uint64_t wake_grantable(Instant now) SLUICE_TS(requires_capability(mutex_));
  void unlink(Waiter& waiter) SLUICE_TS(requires_capability(mutex_));
  void link(Waiter& waiter, bool front) SLUICE_TS(requires_capability(mutex_));

  const Kind kind_;
  Bucket bucket_;
  Concurrency slots_;
  std::atomic<std::int64_t> ends_{kForever.time_since_epoch().count()};  ///< µs since 1970
  std::atomic<std::uint32_t> waiting_{0};
  mutable Mutex mutex_;
  Waiter* first_ SLUICE_TS(guarded_by(mutex_)) = nullptr;
  Waiter* last_ SLUICE_TS(guarded_by(mutex_)) = nullptr;
  std::optional<Instant> armed_ SLUICE_TS(guarded_by(mutex_));
  Rate rate_ SLUICE_TS(guarded_by(mutex_));
  const std::string title_;
  const std::string where_;
};

}  // namespace sluice::throttle
