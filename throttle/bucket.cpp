#include "throttle/bucket.hpp"

#include <algorithm>

namespace sluice::throttle {
namespace {

Instant to_instant_rounded_up(std::uint64_t ticks) {
  const auto micros = (ticks + Bucket::kTicksPerMicro - 1) / Bucket::kTicksPerMicro;
  return Instant(Micros(static_cast<std::int64_t>(micros)));
}

}  // namespace

Instant Bucket::ready_at(Instant now, std::uint64_t n, std::uint64_t behind) const {
  const auto at = ticks(now);
  const auto burst = burst_.load(std::memory_order_relaxed);
  const auto from = std::max(full_at_.load(std::memory_order_seq_cst), at) + cost_of(behind);
  const auto needed = std::min(cost_of(n), burst);
  const auto ready = from + needed > burst ? from + needed - burst : 0;
  return ready <= at ? now : to_instant_rounded_up(ready);
}

std::uint64_t Bucket::available(Instant now) const {
  const auto at = ticks(now);
  const auto from = std::max(full_at_.load(std::memory_order_seq_cst), at);
  const auto limit = at + burst_.load(std::memory_order_relaxed);
  return from >= limit ? 0 : (limit - from) / interval_.load(std::memory_order_relaxed);
}

bool Bucket::full(Instant now) const { return full_at_.load(std::memory_order_relaxed) <= ticks(now); }

void Bucket::refund(std::uint64_t n, Receipt receipt, Instant now) {
  const auto at = ticks(now);
  if (!receipt || receipt.full_at_ <= at) return;
  move_back(std::min(cost_of(n), receipt.full_at_ - at));
}

void Bucket::move_back(std::uint64_t cost) {
  // Saturates: a reset or restore between take and refund has set the word back already.
  auto full_at = full_at_.load(std::memory_order_relaxed);
  while (!full_at_.compare_exchange_weak(full_at, full_at > cost ? full_at - cost : 0,
                                         std::memory_order_seq_cst, std::memory_order_relaxed)) {
  }
}

void Bucket::set_rate(const Rate& rate, Instant now) {
  const auto at = ticks(now);
  const auto old_interval = interval_.load(std::memory_order_relaxed);
  shape(rate);
  const auto interval = interval_.load(std::memory_order_relaxed);
  const auto burst = burst_.load(std::memory_order_relaxed);
  auto full_at = full_at_.load(std::memory_order_relaxed);
  for (;;) {
    if (full_at <= at) return;
    const auto owed = static_cast<unsigned __int128>(full_at - at) * interval / old_interval;
    const auto debt = owed > burst ? burst : static_cast<std::uint64_t>(owed);
    if (full_at_.compare_exchange_weak(full_at, at + debt, std::memory_order_seq_cst)) return;
  }
}

void Bucket::shape(const Rate& rate) {
  const auto period = static_cast<unsigned __int128>(rate.period.count()) * kTicksPerMicro;
  const auto interval = static_cast<std::uint64_t>((period + rate.count - 1) / rate.count);
  interval_.store(std::max<std::uint64_t>(1, interval), std::memory_order_relaxed);
  burst_.store(cost_of(rate.effective_burst()), std::memory_order_relaxed);
}

Instant Bucket::snapshot() const { return to_instant_rounded_up(full_at_.load(std::memory_order_relaxed)); }

void Bucket::restore(Instant saved, Instant now) {
  const auto empty = ticks(now) + burst_.load(std::memory_order_relaxed);
  full_at_.store(std::min(ticks(saved), empty), std::memory_order_seq_cst);
}

}  // namespace sluice::throttle
