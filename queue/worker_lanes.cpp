#include "queue/worker_lanes.hpp"

#include "engine/base/assert.hpp"

namespace sluice::queue {
WorkerLane& WorkerLanes::lane_for(const LaneRef& ref, const StreamPtr& stream, const RecordKey& key) {
  auto& lane = lanes_[name_of(ref)];
  if (!lane) {
    lane = std::make_unique<WorkerLane>();
    lane->stream = stream;
    lane->phase = key.phase;
    lane->domain = key.domain;
  }
  return *lane;
}

WorkerLane& WorkerLanes::add(Run run) {
  auto& lane = lane_for(run.lane, run.stream, run.page->records()[run.first].key);
  lane.add(std::move(run));
  return lane;
}

WorkerLane& WorkerLanes::put_back(const Held& held) {
  auto& lane = lane_for(held.lane, held.stream, held.record().key);
  lane.put_back(held);
  return lane;
}

bool WorkerLanes::after_take(WorkerLane& lane) {
  if (!lane.asked && lane.records <= lane.run_records / 2) {
    lane.asked = true;
    feeder_.want_more(lane.ref);
  }
  if (lane.records > 0 || lane.queued) return true;
  lanes_.erase(name_of(lane.ref));
  return false;
}

void WorkerLanes::give_back(WorkerLane& lane, Instant until, std::uint64_t seen) {
  SLUICE_ASSERT(!lane.queued);
  std::vector<Held> unleased;
  unleased.reserve(lane.records);
  while (lane.records > 0) unleased.push_back(lane.take());
  feeder_.give_back(lane.ref, lane.last_run, std::move(unleased), until, seen);
  lanes_.erase(name_of(lane.ref));
}

void WorkerLanes::for_each(const std::function<void(WorkerLane&)>& fn) {
  std::vector<WorkerLane*> all;
  all.reserve(lanes_.size());
  for (auto& [key, lane] : lanes_) all.push_back(lane.get());
  for (auto* lane : all) fn(*lane);
}

std::uint64_t WorkerLanes::records() const {
  std::uint64_t sum = 0;
  for (const auto& [key, lane] : lanes_) sum += lane->records;
  return sum;
}

}  // namespace sluice::queue
