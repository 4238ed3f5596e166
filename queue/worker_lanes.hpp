// The lanes in one worker's memory: filled by the feeder's runs, emptied by site queues, given back when they
// wait long.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "queue/feeder.hpp"
#include "queue/worker_lane.hpp"

namespace sluice::queue {

/// One owner thread.
class WorkerLanes {
 public:
  explicit WorkerLanes(Feeder& feeder) : feeder_(feeder) {}

  /// The lane the run belongs to, with its records added; made when new (`owner` null then).
  WorkerLane& add(Run run);
  /// The lane of a record that got no lease, with the record first in it again.
  WorkerLane& put_back(const Held& held);
  /// After records were taken: asks the feeder for more in time, forgets the lane when it is empty (false: it
  /// is gone).
  bool after_take(WorkerLane& lane);
  /// The lane's records go back to the store, to be read again from `until` on. The lane is gone; it must not
  /// stand in a SiteQueue. `seen`: see Feeder::give_back().
  void give_back(WorkerLane& lane, Instant until, std::uint64_t seen);
  [[nodiscard]] std::uint64_t changes() const { return feeder_.changes(); }
  void for_each(const std::function<void(WorkerLane&)>& fn);
  [[nodiscard]] std::size_t size() const { return lanes_.size(); }
  [[nodiscard]] std::uint64_t records() const;

 private:
  /// What tells a lane of the feeder's table from every other, also from an earlier one of the same slot.
  static std::uint64_t name_of(const LaneRef& ref) { return std::uint64_t{ref.generation} << 32 | ref.slot; }
  WorkerLane& lane_for(const LaneRef& ref, const StreamPtr& stream, const RecordKey& key);
  void forget(const WorkerLane& lane);

  Feeder& feeder_;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<WorkerLane>> lanes_;
  std::vector<std::unique_ptr<WorkerLane>> spare_;  ///< empty ones, to be used again: most lanes are short
};

}  // namespace sluice::queue
