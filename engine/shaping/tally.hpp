// What a worker counts between two reports to the engine. Owned by its worker; bounded by kMostTallies, at
// which it reports early.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/id.hpp"
#include "engine/shaping/share_window.hpp"

namespace sluice::shaping {

/// Outcomes of one stream on one path.
struct Tally {
  std::string source;
  std::string provider;
  std::string site;
  StreamId stream = 0;
  std::string tenant;
  std::string campaign;  ///< empty: a flow, which no controller judges
  Counts counts;
  std::uint64_t tried = 0;  ///< for the pace
  std::uint64_t taken = 0;
};

inline constexpr std::size_t kMostTallies = 4096;

}  // namespace sluice::shaping
