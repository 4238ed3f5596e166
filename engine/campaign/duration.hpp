// Durations as people write them in a campaign: "90s", "30m", "48h", "3d", "1h30m".
#pragma once

#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"

namespace sluice::campaign {

/// Whole numbers with units s, m, h, d, each at most once and in falling order; more than zero, at most a
/// year.
[[nodiscard]] Expected<Micros> parse_duration(std::string_view text);

}  // namespace sluice::campaign
