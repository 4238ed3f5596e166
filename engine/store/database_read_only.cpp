// Opening a database only to look at it.
#include <rocksdb/cache.h>

#include <cstdarg>

#include "engine/store/database.hpp"

namespace sluice::store {
namespace {

/// RocksDB would begin a log file of its own in the folder.
class Silent final : public rocksdb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

}  // namespace

Expected<std::unique_ptr<Database>> Database::open_read_only(const Options& options,
                                                             const std::vector<std::string>& families) {
  rocksdb::DBOptions db_options;
  db_options.info_log = std::make_shared<Silent>();  // shared: as RocksDB takes it
  db_options.max_open_files = 512;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& name : families) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
  auto out = std::unique_ptr<Database>(new Database);
  rocksdb::DB* db = nullptr;
  const auto status =
      rocksdb::DB::OpenForReadOnly(db_options, options.path, descriptors, &out->handles_, &db);
  if (!status.ok()) {
    return fail(status.IsCorruption() ? ErrorCode::corrupt : ErrorCode::unavailable,
                "looking into the store " + options.path + ": " + status.ToString());
  }
  out->db_.reset(db);
  return out;
}

}  // namespace sluice::store
