// Limits whose state changed since it was last saved, each once. What is granted goes out only after the
// change that granted it is on disk, so whoever saves takes them before the lease is written.
//
// Threads: any. The lock is taken once a limit and save, not once a grant.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "throttle/limit.hpp"

namespace sluice::throttle {

class ChangedLimits final : public LimitJournal {
 public:
  void changed(const std::shared_ptr<Limit>& limit) override {
    const MutexLock lock(mutex_);
    any_.store(true, std::memory_order_seq_cst);  // before the note: who finds it noted finds this
    if (limit->begin_note()) limits_.push_back(limit);
  }
  /// Any is waiting to be taken.
  [[nodiscard]] bool any() const { return any_.load(std::memory_order_seq_cst); }
  [[nodiscard]] std::vector<std::shared_ptr<Limit>> take() {
    const MutexLock lock(mutex_);
    any_.store(false, std::memory_order_seq_cst);
    return std::exchange(limits_, {});
  }

 private:
  std::atomic<bool> any_{false};
  Mutex mutex_;
  std::vector<std::shared_ptr<Limit>> limits_ SLUICE_TS(guarded_by(mutex_));  // shared: with the table
};

}  // namespace sluice::throttle
