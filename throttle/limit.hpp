// The common face of a token bucket, a quota, a concurrency limit and a gate (nothing before an instant),
// with the list of those it has denied.
//
// A limit may have an end: from then on it grants whatever is asked, and those it holds back are woken by
// timer. Overrides end so, without anybody who looks after them.
//
// A grant is one compare-and-swap and never takes the lock. A denied asker parks here and is not touched
// again until this limit can grant: a concurrency limit wakes on release, a bucket at the instant it will
// have the tokens, a quota when its next window begins, a gate when it opens. Timers belong to the scheduler:
// park() and wake_due() say at which instant the calling thread must call wake_due() again.
//
// No lost wake-up: the parking side makes itself visible (waiting_) and then looks at the limit again; the
// releasing side gives back and then looks at waiting_. Both orders are sequentially consistent, so one of
// them sees the other.
//
// Threads: any, for every function. The Limit outlives its permits and waiters (PolicySet pins it through
// Limits).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "throttle/bucket.hpp"
#include "throttle/concurrency.hpp"
#include "throttle/mutex.hpp"
#include "throttle/quota.hpp"
#include "throttle/waiter.hpp"

namespace sluice::throttle {

/// Nothing before the limit's end, then no limit at all.
struct Gate {
  friend bool operator==(const Gate&, const Gate&) = default;
};

/// What a limit limits: a rate, slots, everything, or the count of a window.
using LimitValue = std::variant<Rate, std::uint32_t, Gate, Allowance>;
/// What survives a restart: when a bucket is full again, or a quota's count.
using LimitState = std::variant<Instant, Quota::Count>;

class Limit;
/// Told of limits whose state has to be on disk before what they granted is sent.
class LimitJournal {
 public:
  virtual ~LimitJournal() = default;
  /// Limit::begin_note() tells whether it is listed already. When begin_note() has said so, the journal knows
  /// that it has something. Any thread.
  virtual void changed(const std::shared_ptr<Limit>& limit) = 0;
};

class Limit : public std::enable_shared_from_this<Limit> {
 public:
  static constexpr Instant kForever = Instant::max();
  /// A bucket that needs longer than this from empty to full is saved as it is taken from; a faster one
  /// begins empty after a restart.
  static constexpr Micros kSlow{1'000'000};

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
  [[nodiscard]] bool is_quota() const { return kind_ == Kind::quota; }

  /// n tokens or slots, all or none. `receipt` is set by the grant of a bucket or quota.
  [[nodiscard]] bool try_take(Instant now, std::uint64_t n, Bucket::Receipt& receipt) {
    if (kind_ != Kind::bucket) return try_take_other(now, n, receipt);
    receipt = bucket_.try_take(now, n);
    if (saved_.load(std::memory_order_relaxed)) note_change();
    return receipt || over(now);
  }
  /// Counts n slots in that are held already, granted or not; release() as for others. Slots only.
  void take_anyway(std::uint32_t n) { slots_.take_anyway(n); }
  /// At most what try_take would grant now.
  [[nodiscard]] std::uint64_t available(Instant now) const {
    if (over(now)) return UINT32_MAX;
    if (kind_ == Kind::bucket) return bucket_.available(now);
    if (kind_ == Kind::quota) return quota_.available(now);
    return kind_ == Kind::slots ? slots_.available() : 0;
  }
  /// More slots are held than it has: it was lowered, or counted in what was open before.
  [[nodiscard]] bool exceeded(Instant now) const {
    return kind_ == Kind::slots && slots_.in_use() > slots_.limit() && !over(now);
  }
  /// When n could be granted; kForever where only a release can tell.
  [[nodiscard]] Instant ready_at(Instant now, std::uint64_t n) const;

  /// The same when `behind` tokens go to others first; for explain. Slots, quotas and gates do not count
  /// them.
  [[nodiscard]] Instant ready_behind(Instant now, std::uint64_t n, std::uint64_t behind) const {
    return ready_unless_over(now, n, behind);
  }

  /// What a bucket grants a second in the long run; 0: it is no bucket. For explain.
  [[nodiscard]] double per_second() const;

  /// Undoes a take at the instant it was made; wakes.
  void undo(Instant now, std::uint64_t n, Bucket::Receipt receipt);
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

  /// As given to the constructor.
  [[nodiscard]] const std::string& title() const { return title_; }
  /// `policy "example.test" message_rate 100/s burst 10`, then ` for site=mx.example.test` where it is one of
  /// many.
  [[nodiscard]] std::string name() const;
  /// The state for a person: `3 of 5 in use, 12 waiting` or `next in 1.250 s, 12 waiting`.
  [[nodiscard]] std::string describe(Instant now) const;

  /// Full or nothing in use, and nobody waiting: forgetting it changes nothing.
  [[nodiscard]] bool idle(Instant now) const;
  /// Changes are reported from now on; `key` names the limit on disk. Before traffic.
  void set_journal(LimitJournal* journal, std::string key);
  [[nodiscard]] const std::string& key() const { return key_; }
  /// Its state must be saved as it changes: a quota, a slow bucket.
  [[nodiscard]] bool saved() const { return saved_.load(std::memory_order_relaxed); }
  /// For the journal: false if the limit was noted and not read since.
  [[nodiscard]] bool begin_note() { return !noted_.exchange(true, std::memory_order_seq_cst); }
  /// The state as of now; the next change is reported again.
  [[nodiscard]] LimitState state_to_save(Instant now);
  [[nodiscard]] LimitState state(Instant now) const;
  /// Clamped, see Bucket and Quota. A state of another kind is ignored.
  void restore(const LimitState& saved, Instant now);
  /// A bucket that is filled in less than kSlow begins empty.
  void begin_empty(Instant now);
  /// Refills a bucket, begins a quota's count again, by operator's order; wakes.
  void reset();

 private:
  friend class Waiter;
  enum class Kind : std::uint8_t { bucket, slots, gate, quota };

  [[nodiscard]] bool over(Instant now) const {
    return now.time_since_epoch().count() >= ends_.load(std::memory_order_relaxed);
  }
  bool try_take_other(Instant now, std::uint64_t n, Bucket::Receipt& receipt);
  void note_change();
  void note_speed();
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
  Quota quota_;
  std::atomic<bool> saved_{false};
  std::atomic<bool> noted_{false};  ///< reported, and not read since
  LimitJournal* journal_ = nullptr;
  std::string key_;
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
