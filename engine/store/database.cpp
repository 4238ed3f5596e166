#include "engine/store/database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <cstdarg>
#include <cstdio>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"
#include "engine/store/folder.hpp"

namespace sluice::store {
namespace {

constexpr const char* kBallastKey = "store.ballast";  // in the first family; without meaning

/// RocksDB's warnings go to our log. Its own log file is on the disk that may be full, and a second write to
/// it then aborts the process (Debian builds the library with assertions).
class Messages final : public rocksdb::Logger {
 public:
  Messages() : Logger(rocksdb::WARN_LEVEL) {}

  void Logv(const char* format, std::va_list arguments) override {
    char text[1024];
    std::vsnprintf(text, sizeof text, format, arguments);
    std::string_view said(text);
    said = said.substr(0, said.find_last_not_of(" \n") + 1);
    log::warn("store_says", {{"text", said}});
  }
};

Error to_error(const rocksdb::Status& status, const std::string& doing) {
  const auto code = status.IsCorruption() ? ErrorCode::corrupt : ErrorCode::io;
  return Error{code, doing + ": " + status.ToString()};
}

rocksdb::DBOptions db_options(const Options& options, rocksdb::Env* env) {
  rocksdb::DBOptions db;
  if (env != nullptr) db.env = env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_background_jobs = options.background_jobs;
  db.db_write_buffer_size = options.write_buffer_bytes;
  db.max_total_wal_size = options.max_wal_bytes;
  db.track_and_verify_wals_in_manifest = true;
  // A torn tail is what a crash leaves and is cut; a hole in the middle refuses to open.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.avoid_unnecessary_blocking_io = true;
  db.avoid_flush_during_shutdown = true;       // what matters is in the log
  db.info_log = std::make_shared<Messages>();  // shared: as RocksDB takes it
  db.max_open_files = 512;
  db.bytes_per_sync = 1u << 20;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(const Options& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16u << 10;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 4096;
  table.cache_index_and_filter_blocks = true;
  table.pin_top_level_index_and_filter = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kLZ4Compression;
  family.write_buffer_size = options.write_buffer_bytes / 2;
  family.max_write_buffer_number = 3;
  family.level0_file_num_compaction_trigger = 4;
  family.target_file_size_base = 32u << 20;
  family.max_bytes_for_level_base = 128u << 20;
  return family;
}

}  // namespace

Cursor::Cursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, std::string lower, std::string upper)
    : lower_(std::move(lower)), upper_(std::move(upper)), lower_slice_(lower_), upper_slice_(upper_) {
  rocksdb::ReadOptions read;
  read.iterate_lower_bound = &lower_slice_;
  read.iterate_upper_bound = &upper_slice_;
  read.fill_cache = false;
  read.auto_prefix_mode = false;
  iterator_.reset(db.NewIterator(read, family));
  iterator_->Seek(lower_slice_);
}

Expected<> Cursor::status() const {
  const auto status = iterator_->status();
  if (status.ok()) return {};
  return std::unexpected(to_error(status, "reading the queue store"));
}

Expected<std::unique_ptr<Database>> Database::open(const Options& options,
                                                   const std::vector<std::string>& families,
                                                   rocksdb::Env* env) {
  SLUICE_ASSERT(!families.empty() && families.front() == rocksdb::kDefaultColumnFamilyName);
  if (env == nullptr) {
    if (auto made = make_folder(options.path); !made) return std::unexpected(made.error());
  }
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes, -1, false);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& name : families) descriptors.emplace_back(name, family_options(options, cache));
  auto out = std::unique_ptr<Database>(new Database);
  rocksdb::DB* db = nullptr;
  const auto status =
      rocksdb::DB::Open(db_options(options, env), options.path, descriptors, &out->handles_, &db);
  if (!status.ok()) return std::unexpected(to_error(status, "opening the store " + options.path));
  out->db_.reset(db);
  return out;
}

Database::~Database() {
  if (!db_) return;
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  db_->Close().PermitUncheckedError();
}

Expected<std::optional<std::string>> Database::get(Family family, std::string_view key) const {
  std::string value;
  const auto status = db_->Get(rocksdb::ReadOptions(), handles_[family], {key.data(), key.size()}, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(to_error(status, "reading the store"));
  return value;
}

std::unique_ptr<Cursor> Database::cursor(Family family, std::string lower, std::string upper) const {
  return std::make_unique<Cursor>(*db_, handles_[family], std::move(lower), std::move(upper));
}

Expected<> Database::write_synced(Batch& batch) {
  // When the log refuses a write, RocksDB recovers by flushing what is in memory and beginning a new log
  // file; with nothing in memory it goes on with the file that failed, which never works again. A key that
  // goes to memory alone keeps it from being empty (1-2 us a commit).
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  const auto ballast = db_->Put(unlogged, handles_.front(), kBallastKey, "");
  if (!ballast.ok()) return std::unexpected(to_error(ballast, "writing the store"));
  rocksdb::WriteOptions write;
  write.sync = true;
  const auto status = db_->Write(write, &batch.raw());
  if (!status.ok()) return std::unexpected(to_error(status, "writing the store"));
  return {};
}

Expected<> Database::resume() {
  const auto status = db_->Resume();
  lost_ = status.severity() >= rocksdb::Status::kFatalError;
  if (!status.ok()) return std::unexpected(to_error(status, "resuming the store"));
  return {};
}

Expected<> Database::flush() {
  const auto status = db_->Flush(rocksdb::FlushOptions(), handles_);
  if (!status.ok()) return std::unexpected(to_error(status, "flushing the store"));
  return {};
}

std::uint64_t Database::property(Family family, const std::string& name) const {
  std::uint64_t value = 0;
  return db_->GetIntProperty(handles_[family], name, &value) ? value : 0;
}

Expected<> Database::verify() {
  const auto status = db_->VerifyChecksum();
  if (!status.ok()) return std::unexpected(to_error(status, "verifying the store"));
  return {};
}

}  // namespace sluice::store
