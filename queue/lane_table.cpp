#include "queue/lane_table.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"

namespace sluice::queue {

std::string LaneTable::index_key(StreamId stream, Phase phase, std::string_view domain) {
  auto key = phase_begin(stream, phase);
  key.append(domain);
  return key;
}

FeederLane* LaneTable::find(StreamId stream, Phase phase, std::string_view domain) {
  const auto at = index_.find(index_key(stream, phase, domain));
  return at == index_.end() ? nullptr : &lanes_[at->second];
}

FeederLane& LaneTable::add(StreamPtr stream, Phase phase, std::string_view domain) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(lanes_.size());
    lanes_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  auto& lane = lanes_[slot];
  const auto generation = lane.generation + 1;
  lane = FeederLane{};
  lane.generation = generation;
  lane.slot = slot;
  lane.used = true;
  const bool fresh = index_.emplace(index_key(stream->id, phase, domain), slot).second;
  SLUICE_ASSERT(fresh);
  lane.stream = std::move(stream);
  lane.phase = phase;
  lane.domain = domain;
  return lane;
}

FeederLane* LaneTable::at(LaneRef ref) {
  if (ref.slot >= lanes_.size()) return nullptr;
  auto& lane = lanes_[ref.slot];
  return lane.used && lane.generation == ref.generation ? &lane : nullptr;
}

void LaneTable::remove(FeederLane& lane) {
  const auto slot = lane.slot;
  index_.erase(index_key(lane.stream->id, lane.phase, lane.domain));
  const auto generation = lane.generation;
  lane = FeederLane{};
  lane.generation = generation;
  free_.push_back(slot);
}

}  // namespace sluice::queue
