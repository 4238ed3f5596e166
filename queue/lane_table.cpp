#include "queue/lane_table.hpp"

#include "engine/base/assert.hpp"

namespace sluice::queue {

void FeederLane::clear() {
  constexpr std::size_t kKept = 8;  // elements of a buffer that may stay
  stream.reset();
  used = false;
  next_row = 0;
  exhausted = false;
  read_epoch = 0;
  run_size = 0;
  wanted = false;
  parked_until.reset();
  unpark_when_settled = false;
  rows.clear();
  if (rows.capacity() > kKept) rows.shrink_to_fit();
  left_due.reset();
  hungry = false;
  runs.clear();
  if (runs.capacity() > kKept) runs.shrink_to_fit();
  next_run = 1;
  received_run = 0;
  outstanding = 0;
}

FeederLane* LaneTable::find(const LaneName& name) {
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &lanes_[at->slot];
}

FeederLane& LaneTable::add(StreamPtr stream, const LaneName& name) {
  SLUICE_ASSERT(stream->id == name.stream);
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(lanes_.size());
    lanes_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  auto& lane = lanes_[slot];
  ++lane.generation;
  lane.slot = slot;
  lane.used = true;
  lane.stream = std::move(stream);
  lane.phase = name.phase;
  lane.domain = name.domain;
  lane.domain_hash = name.domain_hash;
  const bool fresh = index_.insert({name.hash(), slot}).second;
  SLUICE_ASSERT(fresh);
  return lane;
}

FeederLane* LaneTable::at(LaneRef ref) {
  if (ref.slot >= lanes_.size()) return nullptr;
  auto& lane = lanes_[ref.slot];
  return lane.used && lane.generation == ref.generation ? &lane : nullptr;
}

void LaneTable::remove(FeederLane& lane) {
  const auto slot = lane.slot;
  index_.erase(Entry{LaneName(lane.stream->id, lane.phase, lane.domain, lane.domain_hash).hash(), slot});
  lane.clear();
  free_.push_back(slot);
}

}  // namespace sluice::queue
