#include "throttle/permits.hpp"

#include <algorithm>
#include <utility>

namespace sluice::throttle {

Permits::Permits(Permits&& other) noexcept
    : n_(std::exchange(other.n_, 0)),
      returned_(std::exchange(other.returned_, 0)),
      size_(std::exchange(other.size_, 0)),
      inline_(other.inline_),
      more_(std::move(other.more_)) {}

Permits& Permits::operator=(Permits&& other) noexcept {
  if (this != &other) {
    release();
    n_ = std::exchange(other.n_, 0);
    returned_ = std::exchange(other.returned_, 0);
    size_ = std::exchange(other.size_, 0);
    inline_ = other.inline_;
    more_ = std::move(other.more_);
  }
  return *this;
}

void Permits::add(Limit* limit, Bucket::Receipt receipt) {
  if (size_ < kInline) {
    inline_[size_] = {limit, receipt};
  } else {
    more_.push_back({limit, receipt});
  }
  ++size_;
}

void Permits::release() {
  // Slots need no time to come back.
  for (std::size_t i = 0; i < size_; ++i) at(i).limit->release(Instant{}, n_);
  forget();
}

void Permits::forget() {
  size_ = 0;
  n_ = returned_ = 0;
  more_.clear();
}

void Permits::cover(std::span<Limit* const> limits) {
  Permits now_held;
  now_held.n_ = n_;
  for (auto* limit : limits) {
    if (!limit->is_slots()) continue;
    limit->take_anyway(static_cast<std::uint32_t>(n_));
    now_held.add(limit, {});
  }
  *this = std::move(now_held);  // what was held comes back after: a limit in both is never seen emptier
}

void Permits::refund(Instant now) {
  for (std::size_t i = 0; i < size_; ++i) {
    auto& held = at(i);
    held.limit->refund(now, held.limit->is_slots() ? n_ : n_ - returned_, held.receipt);
  }
  forget();
}

void Permits::refund_unused(Instant now, std::uint64_t unused) {
  unused = std::min(unused, n_ - returned_);
  returned_ += unused;
  for (std::size_t i = 0; i < size_; ++i) {
    if (!at(i).limit->is_slots()) at(i).limit->refund(now, unused, at(i).receipt);
  }
}

/// Takes limit after limit; undoes what it took when one of them denies.
class Acquisition {
 public:
  Acquisition(std::span<Limit* const> limits, Instant now) : limits_(limits), now_(now) {}

  std::expected<Permits, Denial> take(std::uint64_t n) {
    Permits permits;
    if (n == 0) return permits;
    for (std::size_t i = 0; i < limits_.size(); ++i) {
      Bucket::Receipt receipt;
      if (!limits_[i]->try_take(now_, n, receipt)) {
        return deny(i, n, permits);
      }
      permits.add(limits_[i], receipt);
    }
    permits.n_ = n;
    return permits;
  }

  [[nodiscard]] std::uint64_t available(std::uint64_t n) const {
    for (const auto* limit : limits_) n = std::min(n, limit->available(now_));
    return n;
  }

 private:
  /// Undone in reverse. Parking on the limit that opens last spares wake-ups that another limit would refuse.
  std::unexpected<Denial> deny(std::size_t denied, std::uint64_t n, Permits& taken) {
    Denial denial{limits_[denied], limits_[denied]->ready_at(now_, n), n};
    for (auto i = denied; i-- > 0;) limits_[i]->undo(now_, n, taken.at(i).receipt);
    taken.size_ = 0;
    if (denial.limit->is_slots()) return std::unexpected(denial);
    for (auto* limit : limits_.subspan(denied + 1)) {
      if (limit->is_slots()) continue;
      if (const auto until = limit->ready_at(now_, n); until > denial.until) denial = {limit, until, n};
    }
    return std::unexpected(denial);
  }

  std::span<Limit* const> limits_;
  Instant now_;
};

std::expected<Permits, Denial> acquire(std::span<Limit* const> limits, std::uint64_t n, Instant now) {
  return Acquisition(limits, now).take(n);
}

std::expected<Permits, Denial> acquire_up_to(std::span<Limit* const> limits, std::uint64_t n, Instant now) {
  Acquisition acquisition(limits, now);
  // Others take meanwhile: what looked available may be gone. Halve rather than fight, then settle for one.
  constexpr int kRaces = 3;
  auto want = acquisition.available(n);
  for (int race = 0; race < kRaces && want > 1; ++race) {
    auto permits = acquisition.take(want);
    if (permits) return permits;
    want = std::min(want / 2, acquisition.available(n));
  }
  return acquisition.take(std::min<std::uint64_t>(n, 1));
}

}  // namespace sluice::throttle
