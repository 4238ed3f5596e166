// What delivery knows of a lane in a worker's memory: which queue it stands in, its limits, and that it waits
// for one.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <vector>

#include "engine/delivery/meter.hpp"
#include "queue/worker_lane.hpp"
#include "throttle/permits.hpp"
#include "throttle/policy_set.hpp"
#include "throttle/waiter.hpp"

namespace sluice::delivery {

class Dispatch;
class LaneState;
class Path;
class Worker;

/// Lanes that have something in common, each of which knows where it stands: leaving costs the same however
/// many there are. The order is not kept.
class LaneRoll {
 public:
  struct Place {
    std::size_t at = 0;
  };
  /// `Member` is where the lane keeps its place on this kind of roll.
  using Member = Place LaneState::*;
  explicit LaneRoll(Member member) : member_(member) {}

  void add(LaneState& lane);
  void remove(LaneState& lane);
  [[nodiscard]] const std::vector<LaneState*>& all() const { return lanes_; }
  [[nodiscard]] bool empty() const { return lanes_.empty(); }

 private:
  Member member_;
  std::vector<LaneState*> lanes_;
};

/// One owner thread. Call leave() before destruction.
/// What a message of the stream to the domain is to the policies, on the path. Views into all three.
[[nodiscard]] throttle::Subject subject_of(const queue::Stream& stream, const Path& path,
                                           std::string_view domain);

class LaneState final : public throttle::Waiter {
 public:
  LaneState(Worker& worker, std::uint64_t id, queue::WorkerLane& lane, Dispatch& dispatch, bool pool_by_route)
      : lane(lane), dispatch(dispatch), id(id), pool_by_route(pool_by_route), worker_(worker) {}

  queue::WorkerLane& lane;
  Dispatch& dispatch;
  const std::uint64_t id;
  const bool pool_by_route;   ///< and not the stream's, whatever that becomes
  Path* waits_for = nullptr;  ///< stands in that path's `sticky`
  LaneRoll::Place of_dispatch;
  LaneRoll::Place of_stream;
  WaitClock waits;

  /// Everything the lane's next record needs to leave by the path: the mark of what it holds (0: nothing that
  /// has to come back), or what to wait for.
  [[nodiscard]] std::expected<std::uint64_t, throttle::Denial> take(const Path& path, Instant now);
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
