// The rate a campaign asked for itself (`rate` in campaign.toml): one bucket a stream, on top of the
// policies. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "queue/stream.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::delivery {

class StreamRates {
 public:
  StreamRates(throttle::PolicySet& policies, const Clock& clock) : policies_(policies), clock_(clock) {}

  /// The stream's limit; null when it has none. Kept while anybody holds it or the stream may still send.
  [[nodiscard]] std::shared_ptr<throttle::Limit> of(const queue::Stream& stream);

 private:
  void forget_ended();

  struct Entry {
    std::weak_ptr<const queue::Stream> stream;
    std::shared_ptr<throttle::Limit> limit;  // shared: by every lane of the stream that asks it
  };
  throttle::PolicySet& policies_;  ///< saves their state with its own
  const Clock& clock_;
  std::mutex mutex_;
  std::map<StreamId, Entry> entries_;
  std::size_t sweep_at_ = 64;  ///< entries; doubles with what is left after a sweep
};

}  // namespace sluice::delivery
