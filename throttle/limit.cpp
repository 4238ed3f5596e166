#include "throttle/limit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/assert.hpp"

namespace sluice::throttle {

Waiter::~Waiter() { SLUICE_ASSERT(limit_ == nullptr); }

void Waiter::satisfied() {
  if (limit_ != nullptr) limit_->forget(*this);
}

void Waiter::pass_on(Instant now) {
  if (limit_ != nullptr) limit_->leave(*this, now);
}

Limit::Limit(std::string title, std::string where, const Rate& rate)
    : Limit(std::move(title), std::move(where), LimitValue(rate)) {}

Limit::Limit(std::string title, std::string where, std::uint32_t slots)
    : Limit(std::move(title), std::move(where), LimitValue(slots)) {}

Limit::Limit(std::string title, std::string where, const LimitValue& value, Instant ends)
    : kind_(static_cast<Kind>(value.index())),
      bucket_(is_bucket() ? std::get<Rate>(value) : Rate{}),
      slots_(is_slots() ? std::get<std::uint32_t>(value) : 0),
      quota_(is_quota() ? std::get<Allowance>(value) : Allowance{}),
      ends_(ends.time_since_epoch().count()),
      rate_(is_bucket() ? std::get<Rate>(value) : Rate{}),
      title_(std::move(title)),
      where_(std::move(where)) {
  note_speed();
}

Limit::~Limit() { SLUICE_ASSERT(waiting() == 0); }

Instant Limit::ready_at(Instant now, std::uint64_t n) const { return ready_unless_over(now, n, 0); }

/// `behind` tokens are counted as taken first.
Instant Limit::ready_unless_over(Instant now, std::uint64_t n, std::uint64_t behind) const {
  if (over(now)) return now;
  if (kind_ == Kind::bucket) return std::min(bucket_.ready_at(now, n, behind), ends());
  if (kind_ == Kind::quota) return std::min(quota_.ready_at(now, n), ends());
  return kind_ == Kind::slots && slots_.available() >= n ? now : ends();
}

bool Limit::try_take_other(Instant now, std::uint64_t n, Bucket::Receipt& receipt) {
  if (kind_ == Kind::gate) return over(now);
  if (kind_ == Kind::quota) {
    receipt = quota_.try_take(now, n);
    note_change();
    return receipt || over(now);
  }
  if (n > UINT32_MAX) return false;
  const auto slots = static_cast<std::uint32_t>(n);
  if (slots_.try_take(slots)) return true;
  if (!over(now)) return false;
  slots_.take_anyway(slots);
  return true;
}

void Limit::set_journal(LimitJournal* journal, std::string key) {
  journal_ = journal;
  key_ = std::move(key);
}

/// Either this sees that nothing is noted, or whoever reads the state sees this change: the fence orders the
/// change before the look as state_to_save() orders its store before its read.
void Limit::note_change() {
  if (journal_ == nullptr) return;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!noted_.load(std::memory_order_seq_cst)) journal_->changed(shared_from_this());
}

void Limit::note_speed() {
  saved_.store(is_quota() || (is_bucket() && bucket_.span() > kSlow), std::memory_order_relaxed);
}

LimitState Limit::state_to_save(Instant now) {
  // First, so that a change from here on is reported again.
  noted_.store(false, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return state(now);
}

LimitState Limit::state(Instant now) const {
  if (is_quota()) return quota_.count(now);
  return bucket_.snapshot();
}

void Limit::restore(const LimitState& saved, Instant now) {
  if (is_quota() && saved.index() == 1) quota_.restore(std::get<Quota::Count>(saved), now);
  if (is_bucket() && saved.index() == 0) bucket_.restore(std::get<Instant>(saved), now);
}

void Limit::begin_empty(Instant now) {
  if (is_bucket() && !saved()) bucket_.restore(now + bucket_.span(), now);
}

void Limit::undo(Instant now, std::uint64_t n, Bucket::Receipt receipt) {
  if (is_bucket()) {
    bucket_.refund(n);
  } else if (is_quota()) {
    quota_.refund(n, receipt);
  } else if (is_slots()) {
    slots_.release(static_cast<std::uint32_t>(n));
  }
  if (saved()) note_change();
  wake_if_waiting(now);
}

void Limit::release(Instant now, std::uint64_t n) {
  if (!is_slots()) return;
  slots_.release(static_cast<std::uint32_t>(n));
  wake_if_waiting(now);
}

void Limit::refund(Instant now, std::uint64_t n, Bucket::Receipt receipt) {
  if (is_bucket()) {
    bucket_.refund(n, receipt, now);
  } else if (is_quota()) {
    quota_.refund(n, receipt);
  } else if (is_slots()) {
    slots_.release(static_cast<std::uint32_t>(n));
  }
  if (saved()) note_change();
  wake_if_waiting(now);
}

Limit::Parked Limit::park(Waiter& waiter, Instant now, std::uint64_t n) {
  const bool woken_here = waiter.limit_ == this;
  if (!woken_here) waiter.pass_on(now);
  const MutexLock lock(mutex_);
  waiter.need_ = n;
  if (!waiter.queued_) {
    waiter.limit_ = this;
    link(waiter, woken_here);
  }
  const auto ready = ready_at(now, n);
  if (ready <= now) {
    unlink(waiter);
    if (!woken_here) waiter.limit_ = nullptr;
    return {};
  }
  if (ready == kForever || (armed_ && *armed_ <= ready)) return {true, std::nullopt};
  armed_ = ready;
  return {true, ready};
}

std::optional<Instant> Limit::wake_due(Instant armed, Instant now) {
  const MutexLock lock(mutex_);
  if (armed_ != armed) return std::nullopt;
  if (now < armed) return armed;
  armed_.reset();
  // Those just woken have not taken yet: count theirs as gone, or the next timer would fire at once.
  const auto promised = wake_grantable(now);
  if (first_ == nullptr) return std::nullopt;
  const auto next = ready_unless_over(now, first_->need_, promised);
  if (next != kForever) armed_ = std::max(next, now + Micros(1));
  return armed_;
}

std::optional<Instant> Limit::next_wake() const {
  const MutexLock lock(mutex_);
  return armed_;
}

void Limit::wake_all() {
  const MutexLock lock(mutex_);
  while (first_ != nullptr) {
    auto& waiter = *first_;
    unlink(waiter);
    waiter.wake();
  }
}

void Limit::set_rate(const Rate& rate, Instant now) {
  {
    const MutexLock lock(mutex_);
    if (rate_ == rate) return;
    rate_ = rate;
    bucket_.set_rate(rate, now);
    note_speed();
  }
  wake_all();
}

void Limit::set_slots(std::uint32_t slots) {
  if (slots_.limit() == slots) return;
  slots_.set_limit(slots);
  wake_all();
}

void Limit::set(const LimitValue& value, Instant now) {
  SLUICE_ASSERT(static_cast<Kind>(value.index()) == kind_);
  if (is_bucket()) set_rate(std::get<Rate>(value), now);
  if (is_slots()) set_slots(std::get<std::uint32_t>(value));
  if (!is_quota() || quota_.allowance() == std::get<Allowance>(value)) return;
  quota_.set(std::get<Allowance>(value));
  wake_all();
}

void Limit::set_end(Instant ends) {
  if (ends_.exchange(ends.time_since_epoch().count(), std::memory_order_seq_cst) !=
      ends.time_since_epoch().count()) {
    wake_all();
  }
}

void Limit::reset() {
  bucket_.reset();
  quota_.reset();
  if (saved()) note_change();
  wake_all();
}

std::string Limit::name() const {
  std::string value;
  if (is_bucket()) {
    const MutexLock lock(mutex_);
    value = rate_.text();
  } else if (is_slots()) {
    value = fmt::format("{}", slots_.limit());
  } else if (is_quota()) {
    value = fmt::format("{}", quota_.allowance().count);
  }
  auto text = title_;
  if (!value.empty()) text += " " + value;
  if (!where_.empty()) text += " for " + where_;
  return ends() == kForever ? text : fmt::format("{}, until {}", text, to_rfc3339(ends()));
}

double Limit::per_second() const {
  if (!is_bucket()) return 0;
  const MutexLock lock(mutex_);
  return static_cast<double>(rate_.count) / std::chrono::duration<double>(rate_.period).count();
}

std::string Limit::describe(Instant now) const {
  const auto crowd = waiting() == 0 ? std::string() : fmt::format(", {} waiting", waiting());
  if (over(now)) return "over" + crowd;
  if (is_slots()) return fmt::format("{} of {} in use{}", slots_.in_use(), slots_.limit(), crowd);
  const auto ready = ready_at(now, 1);
  if (is_quota()) {
    return fmt::format("{} of {} used until {}{}", quota_.count(now).used, quota_.allowance().count,
                       to_rfc3339(quota_.window_end(now)), crowd);
  }
  if (ready <= now) return fmt::format("{} available{}", bucket_.available(now), crowd);
  return fmt::format("next in {:.3f} s{}", std::chrono::duration<double>(ready - now).count(), crowd);
}

bool Limit::idle(Instant now) const {
  if (waiting_.load(std::memory_order_seq_cst) != 0) return false;
  if (is_slots()) return slots_.in_use() == 0;
  if (is_quota()) return quota_.count(now).used == 0;
  return is_gate() || bucket_.full(now);
}

void Limit::forget(Waiter& waiter) {
  const MutexLock lock(mutex_);
  waiter.limit_ = nullptr;
  if (waiter.queued_) unlink(waiter);
}

void Limit::leave(Waiter& waiter, Instant now) {
  const MutexLock lock(mutex_);
  waiter.limit_ = nullptr;
  if (waiter.queued_) {
    unlink(waiter);
  } else {
    wake_grantable(now);
  }
}

void Limit::wake_if_waiting(Instant now) {
  if (waiting_.load(std::memory_order_seq_cst) == 0) return;
  const MutexLock lock(mutex_);
  wake_grantable(now);
}

std::uint64_t Limit::wake_grantable(Instant now) {
  const auto budget = available(now);
  std::uint64_t promised = 0;
  while (first_ != nullptr && promised < budget) {
    auto& waiter = *first_;
    // A need above the burst is granted by a full bucket.
    const auto room = budget - promised;
    if (waiter.need_ > room && (promised > 0 || ready_at(now, waiter.need_) > now)) break;
    promised += std::min(room, waiter.need_);
    unlink(waiter);
    waiter.wake();
  }
  return promised;
}

void Limit::unlink(Waiter& waiter) {
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
  waiter.previous_ = waiter.next_ = nullptr;
  waiter.queued_ = false;
  waiting_.fetch_sub(1, std::memory_order_seq_cst);
}

void Limit::link(Waiter& waiter, bool front) {
  waiter.previous_ = front ? nullptr : last_;
  waiter.next_ = front ? first_ : nullptr;
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = &waiter;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = &waiter;
  waiter.queued_ = true;
  waiting_.fetch_add(1, std::memory_order_seq_cst);
}

}  // namespace sluice::throttle
