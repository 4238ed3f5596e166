// The filter over a restart, so that a hundred million rows need not be read to know who is in none.
//
//   "sluiceF1"  keyed check(8)  log(8)  epoch(8)  layers(8)  then a layer: blocks(8) inserted(8) bytes;
//   crc(4) of it all
//
// It may lack what was added after `log` (the store's log has it) but not after an import step: `epoch` must
// be the store's. Written beside, synced, renamed. Anything else than a whole file of this store is no
// filter.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/error.hpp"
#include "engine/suppression/filter.hpp"

namespace sluice::suppression {

struct KeptFilter {
  std::unique_ptr<Filter> filter;
  std::uint64_t log = 0;
  std::uint64_t epoch = 0;
};

[[nodiscard]] Expected<> write_filter(const std::string& path, const HashKey& key, const Filter& filter,
                                      std::uint64_t log, std::uint64_t epoch);
/// not_found, io, or corrupt: damaged, cut short, or another store's.
[[nodiscard]] Expected<KeptFilter> read_filter(const std::string& path, const HashKey& key);

}  // namespace sluice::suppression
