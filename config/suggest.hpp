// "did you mean": the nearest of a set of names.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace sluice::config {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
[[nodiscard]] int edit_distance(std::string_view a, std::string_view b);

/// The nearest name, when near enough to be a slip of the fingers: distance at most a third of the length, at
/// least 1.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> names);

}  // namespace sluice::config
