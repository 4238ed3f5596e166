// A share as a person writes it.
#pragma once

#include <optional>
#include <string_view>

namespace sluice::shaping {

/// "0.3%" is 0.003; above 0 and below 100 %, at most four digits behind the point.
[[nodiscard]] std::optional<double> parse_share(std::string_view text);

}  // namespace sluice::shaping
