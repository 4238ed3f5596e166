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
  return at == index_.end() ? nullptr : &lane(at->slot);
}

FeederLane& LaneTable::add(StreamPtr stream, const LaneName& name) {
  SLUICE_ASSERT(stream->id == name.stream);
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = slots_++;
    if (slot % kChunk == 0) chunks_.push_back(std::make_unique<FeederLane[]>(kChunk));
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  auto& added = lane(slot);
  ++added.generation;
  added.slot = slot;
  added.used = true;
  added.stream = std::move(stream);
  added.phase = name.phase;
  added.domain = name.domain;
  added.domain_hash = name.domain_hash;
  const bool fresh = index_.insert({name.hash(), slot}).second;
  SLUICE_ASSERT(fresh);
  return added;
}

FeederLane* LaneTable::at(LaneRef ref) {
  if (ref.slot >= slots_) return nullptr;
  auto& found = lane(ref.slot);
  return found.used && found.generation == ref.generation ? &found : nullptr;
}

void LaneTable::remove(FeederLane& lane) {
  const auto slot = lane.slot;
  index_.erase(Entry{LaneName(lane.stream->id, lane.phase, lane.domain, lane.domain_hash).hash(), slot});
  lane.clear();
  free_.push_back(slot);
}

}  // namespace sluice::queue
