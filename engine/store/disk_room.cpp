#include "engine/store/disk_room.hpp"

#include <algorithm>

namespace sluice::store {
namespace {

std::uint64_t with_margin(std::uint64_t threshold) { return threshold + threshold / 100 * kMarginPercent; }

}  // namespace

const char* name_of(Room room) {
  switch (room) {
    case Room::plenty:
      return "plenty";
    case Room::low:
      return "low";
    case Room::none:
      return "none";
  }
  return "none";
}

DiskLimits DiskLimits::fitted_to(std::uint64_t total_bytes) const {
  auto out = *this;
  out.refuse_below = std::min(refuse_below, total_bytes / 2);
  out.stop_below = std::min(stop_below, total_bytes / 4);
  out.ballast_bytes = std::min(ballast_bytes, total_bytes / 8);
  return out;
}

Room next_room(Room now, std::uint64_t free_bytes, const DiskLimits& limits) {
  // Each threshold is the higher one for whoever is below it already.
  const auto stop = now == Room::none ? with_margin(limits.stop_below) : limits.stop_below;
  const auto refuse = now != Room::plenty ? with_margin(limits.refuse_below) : limits.refuse_below;
  if (free_bytes < stop) return Room::none;
  return free_bytes < refuse ? Room::low : Room::plenty;
}

void DiskState::set(Room room, std::string why) {
  {
    const std::lock_guard lock(mutex_);
    why_ = std::move(why);
  }
  room_.store(room, std::memory_order_release);
}

std::string DiskState::why() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

}  // namespace sluice::store
