// The last resort for a database whose files are damaged: what still reads is kept, the rest is named.
#pragma once

#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/store/options.hpp"

namespace sluice::store {

struct FileRepair {
  std::string aside;              ///< where all files stand as they were found
  std::vector<std::string> lost;  ///< names of files that could not be read whole; nothing of them is kept
};

/// Sets every file aside under a second name in `aside` (which must not exist), then rebuilds the database
/// from the tables and logs that read to their end (RocksDB's RepairDB). A table with one damaged block is
/// lost whole, with the erasures in it: what they erased may be there again. The caller looks after that.
/// Nobody may have the database open.
[[nodiscard]] Expected<FileRepair> repair_files(const Options& options,
                                                const std::vector<std::string>& families,
                                                const std::string& aside);

}  // namespace sluice::store
