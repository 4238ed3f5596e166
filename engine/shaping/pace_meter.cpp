#include "engine/shaping/pace_meter.hpp"

#include <algorithm>

namespace sluice::shaping {
namespace {

std::int64_t second_of(Instant at) { return to_ms(at) / 1000; }

}  // namespace

void PaceMeter::add(Instant now, std::uint64_t tried, std::uint64_t taken) {
  const auto second = second_of(now);
  auto& slot = slots_[static_cast<std::size_t>(second % kSeconds)];
  if (slot.second != second) slot = {second, 0, 0};
  slot.tried += tried;
  slot.taken += taken;
}

Pace PaceMeter::pace(Instant now) const {
  const auto second = second_of(now);
  auto first = second;
  Slot sum;
  for (const auto& slot : slots_) {
    if (slot.second <= second - kSeconds || slot.second > second || slot.tried == 0) continue;
    first = std::min(first, slot.second);
    sum.tried += slot.tried;
    sum.taken += slot.taken;
  }
  const auto seconds = static_cast<double>(second - first + 1);
  return {static_cast<double>(sum.tried) / seconds, static_cast<double>(sum.taken) / seconds};
}

}  // namespace sluice::shaping
