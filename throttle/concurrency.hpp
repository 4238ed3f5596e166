// How many things may be under way at once: connections, mostly. Slots are taken as a move-only Permit and
// come back when it is destroyed. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "engine/base/assert.hpp"

namespace sluice::throttle {

class Concurrency {
 public:
  class Permit;

  explicit Concurrency(std::uint32_t limit) : limit_(limit) {}

  /// All n slots or none.
  [[nodiscard]] bool try_take(std::uint32_t n) {
    auto used = in_use_.load(std::memory_order_relaxed);
    for (;;) {
      const auto limit = limit_.load(std::memory_order_relaxed);
      if (used > limit || n > limit - used) return false;
      if (in_use_.compare_exchange_weak(used, used + n, std::memory_order_relaxed)) return true;
    }
  }

  /// Counts n slots in whatever the limit: connections that were open before it was set. Nothing is granted
  /// until enough came back.
  void take_anyway(std::uint32_t n) { in_use_.fetch_add(n, std::memory_order_relaxed); }

  /// Gives n taken slots back. Ordered before any later look at a waiter list.
  void release(std::uint32_t n) {
    const auto before = in_use_.fetch_sub(n, std::memory_order_seq_cst);
    SLUICE_ASSERT(before >= n);
  }

  [[nodiscard]] inline Permit try_acquire(std::uint32_t n = 1);

  [[nodiscard]] std::uint32_t available() const {
    const auto used = in_use_.load(std::memory_order_seq_cst);
    const auto limit = limit_.load(std::memory_order_relaxed);
    return used < limit ? limit - used : 0;
  }
  [[nodiscard]] std::uint32_t in_use() const { return in_use_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t limit() const { return limit_.load(std::memory_order_relaxed); }
  /// Lowered below what is in use: nothing is taken away, nothing is granted until enough came back.
  void set_limit(std::uint32_t limit) { limit_.store(limit, std::memory_order_seq_cst); }

 private:
  std::atomic<std::uint32_t> in_use_{0};
  std::atomic<std::uint32_t> limit_;
};

/// Slots held of one Concurrency, which must outlive it. Empty after a denial or a move.
class [[nodiscard]] Concurrency::Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)), slots_(other.slots_) {}
  Permit& operator=(Permit&& other) noexcept {
    if (this != &other) {
      release();
      from_ = std::exchange(other.from_, nullptr);
      slots_ = other.slots_;
    }
    return *this;
  }
  ~Permit() { release(); }

  explicit operator bool() const { return from_ != nullptr; }
  void release() {
    if (auto* from = std::exchange(from_, nullptr)) from->release(slots_);
  }

 private:
  friend class Concurrency;
  Permit(Concurrency* from, std::uint32_t slots) : from_(from), slots_(slots) {}
  Concurrency* from_ = nullptr;
  std::uint32_t slots_ = 0;
};

inline Concurrency::Permit Concurrency::try_acquire(std::uint32_t n) {
  return try_take(n) ? Permit(this, n) : Permit();
}

}  // namespace sluice::throttle
