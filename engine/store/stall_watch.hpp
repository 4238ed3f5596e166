// How often RocksDB slowed writes down or stopped them, and whether it does so now.
//
// RocksDB calls in on its own threads; the numbers are read by any.
#pragma once

#include <rocksdb/listener.h>

#include <atomic>
#include <cstdint>

namespace sluice::store {

class StallWatch final : public rocksdb::EventListener {
 public:
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override {
    using rocksdb::WriteStallCondition;
    const bool before = info.condition.prev != WriteStallCondition::kNormal;
    const bool after = info.condition.cur != WriteStallCondition::kNormal;
    if (info.condition.cur > info.condition.prev) stalls_.fetch_add(1, std::memory_order_relaxed);
    if (after != before) stalled_.fetch_add(after ? 1 : -1, std::memory_order_relaxed);
  }

  /// Times a family began to be slowed, or went from slowed to stopped.
  [[nodiscard]] std::uint64_t stalls() const { return stalls_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool stalled() const { return stalled_.load(std::memory_order_relaxed) > 0; }

 private:
  std::atomic<std::uint64_t> stalls_{0};
  std::atomic<int> stalled_{0};  ///< families
};

}  // namespace sluice::store
