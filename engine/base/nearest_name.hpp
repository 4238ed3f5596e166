// "Did you mean": the known name nearest to a mistyped one. For files people write by hand. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice {

/// The nearest of `known` by edit distance (a swap of neighbours counts one), or "" when none is near enough
/// to be a slip: more than a third of the letters, and more than one, differ. `-`, `_` and case count
/// nothing.
[[nodiscard]] std::string nearest_name(std::string_view typed, std::span<const std::string_view> known);

/// "; did you mean `x`?" or "".
[[nodiscard]] std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known);

}  // namespace sluice
