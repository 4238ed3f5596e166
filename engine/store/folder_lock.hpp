// The lock RocksDB holds on a database that is open for writing, taken by itself: for tools that read the
// files of a store nobody may write meanwhile.
#pragma once

#include <rocksdb/env.h>

#include <memory>
#include <string>

#include "engine/base/error.hpp"

namespace sluice::store {

class FolderLock {
 public:
  /// unavailable: a service (or another tool) has the store open. not_found: there is no store.
  [[nodiscard]] static Expected<std::unique_ptr<FolderLock>> take(const std::string& path);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(rocksdb::FileLock* lock) : lock_(lock) {}

  rocksdb::FileLock* const lock_;  ///< RocksDB's; given back to it
};

}  // namespace sluice::store
