#include "queue/worker_lanes.hpp"

#include "engine/base/assert.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kMaxSpare = 1024;
constexpr std::size_t kSpareRuns = 4;  ///< a longer window is not kept

}  // namespace

WorkerLane& WorkerLanes::lane_for(const LaneRef& ref, const StreamPtr& stream, const RecordKey& key) {
  auto& lane = lanes_[name_of(ref)];
  if (!lane) {
    if (spare_.empty()) {
      lane = std::make_unique<WorkerLane>();
    } else {
      lane = std::move(spare_.back());
      spare_.pop_back();
    }
    lane->stream = stream;
    lane->phase = key.phase;
    lane->domain = key.domain;
  }
  return *lane;
}

void WorkerLanes::forget(const WorkerLane& lane) {
  const auto at = lanes_.find(name_of(lane.ref));
  SLUICE_ASSERT(at != lanes_.end());
  if (spare_.size() < kMaxSpare && at->second->window.capacity() <= kSpareRuns) {
    at->second->clear();
    spare_.push_back(std::move(at->second));
  }
  lanes_.erase(at);
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
  forget(lane);
  return false;
}

void WorkerLanes::give_back(WorkerLane& lane, Instant until, std::uint64_t seen) {
  SLUICE_ASSERT(!lane.queued);
  std::vector<Held> unleased;
  unleased.reserve(lane.records);
  while (lane.records > 0) unleased.push_back(lane.take());
  feeder_.give_back(lane.ref, lane.last_run, std::move(unleased), until, seen);
  forget(lane);
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
