// What is wrong with a configuration file, and where. All problems of a file are reported together.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::config {

/// From 1; line 0 means no place in the file (a default, or the file as a whole).
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Problem {
  std::string file;
  Position at;
  std::string text;  ///< one sentence without a full stop
  std::string path;  ///< the key it is about, as path_of() names it; "" for the file
};

using Problems = std::vector<Problem>;

/// Where each key that was set stands, by path_of(); "source[0]" is the entry's own header.
using Origins = std::map<std::string, Position, std::less<>>;

/// "file:line:column: text", or "file: text" where there is no place.
[[nodiscard]] std::string to_text(const Problem& problem);
/// One line each, in file order.
[[nodiscard]] std::string to_text(const Problems& problems);

}  // namespace sluice::config
