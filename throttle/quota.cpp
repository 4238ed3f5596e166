#include "throttle/quota.hpp"

#include <algorithm>

namespace sluice::throttle {

Quota::Count Quota::at(std::uint64_t word, Instant now) const {
  const auto since = std::max<std::int64_t>(0, now.time_since_epoch().count());
  const auto window = static_cast<std::uint64_t>(since / period_us_.load(std::memory_order_relaxed));
  const auto known = unpack(word);
  return window > known.window ? Count{window, 0} : known;
}

Bucket::Receipt Quota::try_take(Instant now, std::uint64_t n) {
  const auto limit = limit_.load(std::memory_order_relaxed);
  auto word = word_.load(std::memory_order_relaxed);
  for (;;) {
    auto count = at(word, now);
    if (count.used >= limit || n > limit - count.used) return {};
    count.used += n;
    if (word_.compare_exchange_weak(word, pack(count), std::memory_order_seq_cst)) {
      return Bucket::Receipt(count.window + 1);  // 0 is "denied"
    }
  }
}

void Quota::refund(std::uint64_t n, Bucket::Receipt receipt) {
  auto word = word_.load(std::memory_order_relaxed);
  for (;;) {
    auto count = unpack(word);
    if (count.window + 1 != receipt.full_at_) return;
    count.used -= std::min(count.used, n);
    if (word_.compare_exchange_weak(word, pack(count), std::memory_order_seq_cst)) return;
  }
}

std::uint64_t Quota::available(Instant now) const {
  const auto limit = limit_.load(std::memory_order_relaxed);
  const auto used = at(word_.load(std::memory_order_seq_cst), now).used;
  return used < limit ? limit - used : 0;
}

Instant Quota::ready_at(Instant now, std::uint64_t n) const {
  if (n <= available(now)) return now;
  if (n > limit_.load(std::memory_order_relaxed)) return Instant::max();
  return window_end(now);
}

Instant Quota::window_end(Instant now) const {
  const auto window = count(now).window;
  const auto period = period_us_.load(std::memory_order_relaxed);
  return Instant(Micros((static_cast<std::int64_t>(window) + 1) * period));
}

Quota::Count Quota::count(Instant now) const { return at(word_.load(std::memory_order_seq_cst), now); }

void Quota::set(const Allowance& allowance) {
  limit_.store(std::min(allowance.count, kMaxRateCount), std::memory_order_seq_cst);
  // Below an hour the windows would not fit beside the count.
  const auto period = std::max(allowance.period, Micros(std::chrono::hours(1))).count();
  if (period_us_.exchange(period, std::memory_order_seq_cst) != period) reset();
}

Allowance Quota::allowance() const {
  return {limit_.load(std::memory_order_relaxed), Micros(period_us_.load(std::memory_order_relaxed))};
}

void Quota::restore(Count saved, Instant now) {
  const auto fresh = at(0, now).window;
  if (saved.window < fresh) return;
  if (saved.window > fresh + 1) saved.window = fresh;
  word_.store(pack({saved.window, std::min(saved.used, kUsedMask)}), std::memory_order_seq_cst);
}

}  // namespace sluice::throttle
