// What delivery knows of a lane in a worker's memory: which queue it stands in, its limits, and that it waits
// for one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "queue/worker_lane.hpp"
#include "throttle/policy_set.hpp"
#include "throttle/waiter.hpp"

namespace sluice::delivery {

class Dispatch;
class Path;
class Worker;

/// One owner thread. Call leave() before destruction.
class LaneState final : public throttle::Waiter {
 public:
  LaneState(Worker& worker, std::uint64_t id, queue::WorkerLane& lane, Dispatch& dispatch)
      : lane(lane), dispatch(dispatch), id(id), worker_(worker) {}

  queue::WorkerLane& lane;
  Dispatch& dispatch;
  const std::uint64_t id;

  /// The limits a message of this lane meets on the path; looked up again after a reload of the policies.
  [[nodiscard]] const throttle::Limits& limits(const Path& path, Instant now);
  /// Shared: keeps the limits alive while a timer is armed for one of them.
  [[nodiscard]] std::shared_ptr<const throttle::Limits> pinned(const Path& path) const;
  void leave(Instant now) {
    if (parked_on() != nullptr) pass_on(now);
  }

 private:
  void wake() override;

  Worker& worker_;
  std::vector<std::shared_ptr<const throttle::Limits>> limits_;  // by the path's number; shared with the memo
};

}  // namespace sluice::delivery
