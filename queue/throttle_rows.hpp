// What throttles need on disk: counts of quotas, slow buckets, overrides. Rows of the family `default`
// (FORMAT.md).
//
// Guarantee: a record's lease is durable only together with, or after, the state of every quota and slow
// bucket that granted it. So after a crash nothing that may have been sent is granted a second time.
//
// Threads: any.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "queue/queue.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::queue {

struct SavedThrottles {
  std::vector<throttle::SavedLimit> limits;
  std::vector<throttle::Override> overrides;
};

class ThrottleRows {
 public:
  ThrottleRows(Queue& queue, throttle::PolicySet& policies, const Clock& clock)
      : queue_(queue), policies_(policies), clock_(clock) {}

  /// Before traffic: hands what stands on disk to the policies, and erases what means nothing any more. A row
  /// that does not decode is logged and left out.
  Expected<> load();
  /// Submits what changed; the caller's next lease is written with it or after it. Waits for nobody's disk.
  /// One load when nothing changed.
  void flush();
  /// An override was set, or is gone.
  void put(const throttle::Override& override);
  void erase(const std::string& override_id);

 private:
  Queue& queue_;
  throttle::PolicySet& policies_;
  const Clock& clock_;
  std::atomic<int> flushing_{0};
  std::mutex mutex_;  ///< taken and submitted is one step: a lease after flush() is never before the state
};

/// The forms of FORMAT.md.
[[nodiscard]] std::string encode_limit(const throttle::LimitState& state);
[[nodiscard]] std::optional<throttle::LimitState> decode_limit(std::string_view bytes);
[[nodiscard]] std::string encode_override(const throttle::Override& override);
[[nodiscard]] std::optional<throttle::Override> decode_override(std::string_view id, std::string_view bytes);

}  // namespace sluice::queue
