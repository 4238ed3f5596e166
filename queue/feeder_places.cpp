// Parked lanes, and those that give their place in the table up, so that every lane is found in time whatever
// the number that wait: what is blocked for long must not keep what may go from being read.
//
// Such a lane is left to a later pass of its scan, which finds it as if it were new. A pass over n blocked
// lanes costs about 5 us each, so passes keep a distance of ten times what they took.
#include <algorithm>

#include "queue/feeder.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kPartAtOnce = 8;  ///< of the table's places are freed together, so many-th part
constexpr auto kLookAgain = std::chrono::seconds(1);
constexpr int kPassShare = 10;
constexpr Micros kShortestWait = std::chrono::seconds(2);
constexpr Micros kLongestWait = std::chrono::seconds(15);

}  // namespace

void Feeder::park(FeederLane& lane, Instant until) {
  lane.parked_until = until;
  if (parked_.size() > 2 * options_.max_resident_lanes) {  // most are of lanes that are gone
    parked_ = {};
    lanes_.for_each([this](const FeederLane& one) {
      if (one.parked_until) parked_.push({*one.parked_until, {one.slot, one.generation, 0}});
    });
    return;
  }
  parked_.push({until, {lane.slot, lane.generation, 0}});
}

/// The table is full and a scan wants to read: lanes that are parked for longer leave.
void Feeder::make_room() {
  if (lanes_.size() < options_.max_resident_lanes || ready_.empty() || now_ < next_room_) return;
  const auto wanted = std::max<std::size_t>(1, options_.max_resident_lanes / kPartAtOnce);
  const auto full = lanes_.size();
  const auto slots = lanes_.slots();
  for (std::uint32_t looked = 0; looked < slots && full - lanes_.size() < wanted; ++looked) {
    place_hand_ = (place_hand_ + 1) % slots;
    auto* lane = lanes_.in_slot(place_hand_);
    const bool leaves = lane != nullptr && lane->parked_until && lane->outstanding == 0 &&
                        *lane->parked_until > now_ + options_.lane_stays;
    if (leaves) give_place_up(*lane);
  }
  if (lanes_.size() == full) next_room_ = now_ + kLookAgain;
}

void Feeder::give_place_up(FeederLane& lane) {
  auto& owner = scan(lane.stream, lane.phase);
  if (lane.phase == Phase::first) {
    if (!lane.exhausted || lane.read_epoch < owner.epoch) {
      auto key = lane.key_of(lane.next_row);
      if (owner.dirty.empty() || key < owner.dirty) owner.dirty = std::move(key);
    }
  } else if (lane.left_due) {
    owner.left_behind = std::min(owner.left_behind, *lane.left_due);
  }
  owner.want(*lane.parked_until);
  owner.next_pass =
      now_ + std::clamp<Micros>((now_ - owner.pass_began) * kPassShare, kShortestWait, kLongestWait);
  lanes_.remove(lane);
  consider(owner);
}

}  // namespace sluice::queue
