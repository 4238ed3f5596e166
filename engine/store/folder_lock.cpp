#include "engine/store/folder_lock.hpp"

#include <filesystem>

namespace sluice::store {

Expected<std::unique_ptr<FolderLock>> FolderLock::take(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path + "/CURRENT", error))
    return fail(ErrorCode::not_found, "there is no store at " + path);
  rocksdb::FileLock* lock = nullptr;
  const auto status = rocksdb::Env::Default()->LockFile(path + "/LOCK", &lock);
  if (!status.ok()) {
    return fail(ErrorCode::unavailable, "the store " + path + " is in use (" + status.ToString() +
                                            "); a service runs on it: stop it first");
  }
  return std::unique_ptr<FolderLock>(new FolderLock(lock));
}

FolderLock::~FolderLock() { rocksdb::Env::Default()->UnlockFile(lock_).PermitUncheckedError(); }

}  // namespace sluice::store
