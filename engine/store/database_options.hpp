// RocksDB's own options for a store of ours; for what opens or repairs it.
#pragma once

#include <rocksdb/db.h>

#include <string>
#include <vector>

#include "engine/store/options.hpp"

namespace sluice::store {

struct RocksOptions {
  rocksdb::DBOptions db;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
};

[[nodiscard]] RocksOptions rocks_options(const Options& options, const std::vector<std::string>& families);

}  // namespace sluice::store
