// The demo's recipients: a CSV list that is a function of its size and seed.
//
// Like a real list it has people at a few large providers and at many small domains, some of them twice, and
// rows that name nobody. The demo knows what it wrote, so that the ledger can be held against it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>

namespace sluice::app {

struct DemoListOptions {
  std::uint64_t rows = 100'000;  ///< below the title line, the odd ones included
  std::uint64_t seed = 1;
  std::uint64_t duplicate_per_mille = 5;  ///< rows that repeat an earlier address
  std::uint64_t invalid_per_mille = 2;    ///< rows whose address is none
};

struct DemoListCounts {
  std::uint64_t rows = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t invalid = 0;
  std::map<std::string, std::uint64_t> recipients;  ///< different ones, by provider
};

/// Writes the title line and `rows` rows. Same options, same bytes.
DemoListCounts write_demo_list(std::ostream& out, const DemoListOptions& options);

}  // namespace sluice::app
