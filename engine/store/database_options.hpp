// RocksDB's own options for a store of ours; for what opens or repairs it.
#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/store/options.hpp"
#include "engine/store/stall_watch.hpp"

namespace sluice::store {

struct RocksOptions {
  rocksdb::DBOptions db;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  std::shared_ptr<StallWatch> stalls =
      std::make_shared<StallWatch>();  ///< as RocksDB takes it; in db.listeners
};

[[nodiscard]] RocksOptions rocks_options(const Options& options, const std::vector<std::string>& families);

}  // namespace sluice::store
