// Where everything of suppression stands in the store (queue/FORMAT.md has the bytes). Two families:
//
//   suppressed    keyed hash(16)            -> a Row (entry.hpp): addresses and domains alike
//   suppression   .key .count .cursor …     -> the hash key, accounts, how far feed and passes are
//                 'a' seq(8)                -> an audit line (audit.hpp)
//                 'l' seq(8)                -> hash(16) word(8): added, not yet behind a pass and in the
//                 filter's file 's' hash(16)              -> soft bounces of one address at one tenant
//                 (soft_bounces.hpp) 'x' second(8) hash(16)    -> "": the row has an entry that expires then
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/bytes.hpp"

namespace sluice::suppression {

inline constexpr std::string_view kKeyRow = ".key";  ///< 16 bytes, secret
inline constexpr std::string_view kCountRow =
    ".count";  ///< varint subjects, varint entries, varint soft rows
inline constexpr std::string_view kCursorRow =
    ".cursor";                                           ///< seq(8) of the last event the feed has dealt with
inline constexpr std::string_view kEpochRow = ".epoch";  ///< (8): import steps so far; see filter_file.hpp
inline constexpr std::string_view kOwedRow = ".owed";    ///< there: a pass over all waiting mail is owed
inline constexpr std::string_view kSweptRow = ".swept";  ///< log seq(8): passes have dealt with all up to it

[[nodiscard]] inline std::string numbered(char kind, std::uint64_t number) {
  std::string out(1, kind);
  put_be<8>(out, number);
  return out;
}
[[nodiscard]] inline std::string hashed(char kind, std::string_view hash) {
  return std::string(1, kind).append(hash);
}
/// The first key behind all of the kind.
[[nodiscard]] inline std::string behind(char kind) { return std::string(1, static_cast<char>(kind + 1)); }
[[nodiscard]] inline std::string number_bytes(std::uint64_t number) {
  std::string out;
  put_be<8>(out, number);
  return out;
}

}  // namespace sluice::suppression
