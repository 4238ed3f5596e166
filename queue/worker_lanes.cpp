#include "queue/worker_lanes.hpp"

#include "engine/base/assert.hpp"

namespace sluice::queue {
namespace {

std::string make_key(StreamId stream, Phase phase, std::string_view domain) {
  auto key = phase_begin(stream, phase);
  key.append(domain);
  return key;
}

}  // namespace

WorkerLane& WorkerLanes::lane_for(const StreamPtr& stream, Phase phase, std::string_view domain) {
  auto& lane = lanes_[make_key(stream->id, phase, domain)];
  if (!lane) {
    lane = std::make_unique<WorkerLane>();
    lane->stream = stream;
    lane->phase = phase;
    lane->domain = domain;
  }
  return *lane;
}

WorkerLane& WorkerLanes::add(Run run) {
  auto& lane = lane_for(run.stream, run.phase, run.domain);
  if (lane.ref.slot != run.lane.slot || lane.ref.generation != run.lane.generation) {
    SLUICE_ASSERT(lane.records ==
                  0);  // the feeder made the lane anew: everything of the old one has been settled
    lane.last_run = 0;
  }
  lane.add(std::move(run));
  return lane;
}

WorkerLane& WorkerLanes::put_back(const Held& held) {
  const auto& key = held.record().key;
  auto& lane = lane_for(held.stream, key.phase, key.domain);
  lane.put_back(held);
  return lane;
}

bool WorkerLanes::after_take(WorkerLane& lane) {
  if (!lane.asked && lane.records <= lane.run_records / 2) {
    lane.asked = true;
    feeder_.want_more(lane.ref);
  }
  if (lane.records > 0 || lane.queued) return true;
  lanes_.erase(make_key(lane.stream->id, lane.phase, lane.domain));
  return false;
}

void WorkerLanes::give_back(WorkerLane& lane, Instant until) {
  SLUICE_ASSERT(!lane.queued);
  std::vector<Held> unleased;
  unleased.reserve(lane.records);
  while (lane.records > 0) unleased.push_back(lane.take());
  feeder_.give_back(lane.ref, lane.last_run, std::move(unleased), until);
  lanes_.erase(make_key(lane.stream->id, lane.phase, lane.domain));
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
