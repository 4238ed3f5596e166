// The enhanced status codes that /metrics shows by themselves; all others are "other" there, for their number
// is the receivers' choice. Those of FACTS §2 and §4, and the ones every receiver has.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::control {

inline constexpr std::array<std::string_view, 36> kEnhancedCodes{
    "2.0.0", "2.1.5", "2.6.0", "4.1.8", "4.2.0",  "4.2.1",  "4.2.2",  "4.3.0",   "4.3.2",
    "4.4.1", "4.4.2", "4.4.5", "4.5.3", "4.7.0",  "4.7.1",  "4.7.5",  "4.7.28",  "4.7.650",
    "5.0.0", "5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1",  "5.2.2",  "5.3.4",   "5.4.1",
    "5.5.1", "5.5.2", "5.7.0", "5.7.1", "5.7.8",  "5.7.25", "5.7.26", "5.7.515", "5.7.606"};

/// "none" for a reply without a code.
[[nodiscard]] inline std::string_view shown_code(std::string_view enhanced) {
  if (enhanced.empty()) return "none";
  return std::ranges::find(kEnhancedCodes, enhanced) != kEnhancedCodes.end() ? enhanced : "other";
}

}  // namespace sluice::control
