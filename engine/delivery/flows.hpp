// The flows of all tenants, each opened once: two Flow objects of one stream would give the same rows out
// twice.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/delivery/flow.hpp"

namespace sluice::delivery {

/// Any thread. Outlives the doors; queue and body store outlive it.
class Flows {
 public:
  Flows(FlowOptions defaults, queue::Queue& queue, store::Segments& segments, const Clock& clock)
      : defaults_(std::move(defaults)), queue_(queue), segments_(segments), clock_(clock) {}

  /// The tenant's transactional flow; made when it is new. The queue must be started. May block for a commit.
  [[nodiscard]] Expected<Flow*> get(const std::string& tenant);

 private:
  const FlowOptions defaults_;
  queue::Queue& queue_;
  store::Segments& segments_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Flow>> flows_;
};

}  // namespace sluice::delivery
