// How the database is opened: RocksDB's options, and what is done about a log that does not replay.
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <filesystem>

#include "engine/base/assert.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/log.hpp"
#include "engine/store/database.hpp"
#include "engine/store/database_options.hpp"
#include "engine/store/folder.hpp"
#include "engine/store/rocksdb_error.hpp"

namespace sluice::store {
namespace {

using RecoveryMode = rocksdb::WALRecoveryMode;

constexpr std::string_view kWhatToDo =
    "; nothing was changed: `sluice store check` tells what is damaged, `sluice store repair` what can be "
    "saved";

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

rocksdb::DBOptions base_options(const Options& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_background_jobs = options.background_jobs;
  db.db_write_buffer_size = options.write_buffer_bytes;
  db.max_total_wal_size = options.max_wal_bytes;
  db.track_and_verify_wals_in_manifest = true;
  // A torn tail is what a crash leaves and is cut; anything else wrong refuses to open, and changes nothing.
  // A mode that stops at the first damage instead would open, and then remove the log with all that stands
  // behind the damage.
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

/// Who asks here knows from a filter of his own that the row is likely there: filters only keep the search
/// from looking into the upper levels.
rocksdb::ColumnFamilyOptions lookup_options(const Options& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 8u << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kLZ4Compression;
  family.optimize_filters_for_hits = true;
  family.level_compaction_dynamic_level_bytes = true;
  family.write_buffer_size = options.write_buffer_bytes / 2;
  family.max_write_buffer_number = 3;
  family.target_file_size_base = 128u << 20;
  family.max_bytes_for_level_base = 256u << 20;
  return family;
}

using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;

struct Opened {
  std::unique_ptr<rocksdb::DB> db;
  Handles handles;
};

rocksdb::Status open_files(RocksOptions how, const std::string& path, bool read_only, Opened& out) {
  rocksdb::DB* db = nullptr;
  // A database that is only read has no background thread to leave anything to.
  if (read_only) how.db.avoid_unnecessary_blocking_io = false;
  const auto status = read_only ? rocksdb::DB::OpenForReadOnly(how.db, path, how.families, &out.handles, &db)
                                : rocksdb::DB::Open(how.db, path, how.families, &out.handles, &db);
  out.db.reset(db);
  return status;
}

/// A store that was made before the last families were, and that nobody may change.
rocksdb::Status leave_out_missing(RocksOptions& how, const std::string& path) {
  std::vector<std::string> there;
  const auto status = rocksdb::DB::ListColumnFamilies(how.db, path, &there);
  while (status.ok() && how.families.size() > 1 &&
         std::ranges::find(there, how.families.back().name) == there.end()) {
    how.families.pop_back();
  }
  return status;
}

void close(Opened& opened) {
  if (!opened.db) return;
  for (auto* handle : opened.handles) opened.db->DestroyColumnFamilyHandle(handle);
  opened.db->Close().PermitUncheckedError();
  opened.db.reset();
}

/// The log does not replay to its end. Where power was lost, the last commit, which nobody was told of, may
/// be there in part with a wrong checksum; the rest is then whole, and reaches what was acknowledged.
rocksdb::Status open_to_damage(RocksOptions how, const std::string& path, const AcknowledgedMark& mark,
                               const rocksdb::Status& failed, Opened& out) {
  how.db.wal_recovery_mode = RecoveryMode::kPointInTimeRecovery;
  Opened look;
  const auto looked = open_files(how, path, true, look);
  const auto reached = looked.ok() ? look.db->GetLatestSequenceNumber() : 0;
  close(look);
  if (!looked.ok() || reached < mark.sequence) return failed;
  log::warn("store_log_cut", {{"path", path}, {"sequence", reached}, {"reason", failed.ToString()}});
  return open_files(how, path, false, out);
}

std::unexpected<Error> missing_commits(const std::string& path, std::uint64_t reached,
                                       const AcknowledgedMark& mark) {
  return fail(
      ErrorCode::corrupt,
      fmt::format("the store {} ends at change {}, but {} was acknowledged ({}, noted in {}): {} changes "
                  "are lost. Put the store's files back as they were; or, to go on without those changes, "
                  "run `sluice store repair --accept-loss`",
                  path, reached, mark.sequence, to_rfc3339(from_ms(mark.time_ms)),
                  Acknowledged::path_of(path), mark.sequence - reached));
}

}  // namespace

RocksOptions rocks_options(const Options& options, const std::vector<std::string>& families) {
  RocksOptions out;
  out.db = base_options(options);
  out.db.listeners.push_back(out.stalls);
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes, -1, false);
  const auto lookup_cache = rocksdb::NewLRUCache(options.lookup_cache_bytes, -1, false);
  for (const auto& name : families) {
    const bool lookup = std::ranges::find(options.lookup_families, name) != options.lookup_families.end();
    out.families.emplace_back(
        name, lookup ? lookup_options(options, lookup_cache) : family_options(options, cache));
  }
  return out;
}

Expected<std::unique_ptr<Database>> Database::open(const Options& options,
                                                   const std::vector<std::string>& families,
                                                   rocksdb::Env* env) {
  SLUICE_ASSERT(!families.empty() && families.front() == rocksdb::kDefaultColumnFamilyName);
  auto how = rocks_options(options, families);
  const auto side_file = Acknowledged::path_of(options.path);
  std::optional<AcknowledgedMark> mark;
  if (env != nullptr) {
    how.db.env = env;  // the side file is not of that disk
  } else {
    if (auto made = make_folder(options.path); !made) return std::unexpected(made.error());
    auto read = Acknowledged::read(side_file);
    if (!read) return std::unexpected(read.error());
    mark = *read;
    std::error_code error;
    // A new database in the place of one that is gone would hide that it is.
    const bool gone =
        mark && mark->sequence > 0 && !std::filesystem::exists(options.path + "/CURRENT", error);
    if (gone && !options.accept_loss) return missing_commits(options.path, 0, *mark);
  }
  Opened opened;
  auto status = open_files(how, options.path, false, opened);
  if (status.IsCorruption() && mark) {
    const auto known = options.accept_loss ? AcknowledgedMark{} : *mark;
    status = open_to_damage(how, options.path, known, status, opened);
  }
  if (!status.ok()) {
    auto error = to_error(status, "opening the store " + options.path);
    if (error.code == ErrorCode::corrupt) error.text += kWhatToDo;
    return std::unexpected(std::move(error));
  }
  auto out = std::unique_ptr<Database>(new Database);
  out->db_ = std::move(opened.db);
  out->handles_ = std::move(opened.handles);
  out->stalls_ = how.stalls;
  if (env != nullptr) return out;
  const bool lost = mark && out->sequence() < mark->sequence;
  if (lost && !options.accept_loss) return missing_commits(options.path, out->sequence(), *mark);
  auto acknowledged = Acknowledged::open(side_file, options.acknowledge_interval);
  if (!acknowledged) return std::unexpected(acknowledged.error());
  out->acknowledged_ = std::move(*acknowledged);
  if (!lost) return out;
  if (auto reset = out->acknowledged_->reset(out->sequence()); !reset) return std::unexpected(reset.error());
  return out;
}

Expected<std::unique_ptr<Database>> Database::open_read_only(const Options& options,
                                                             const std::vector<std::string>& families) {
  auto how = rocks_options(options, families);
  how.db.create_if_missing = false;
  how.db.create_missing_column_families = false;
  Opened opened;
  auto status = leave_out_missing(how, options.path);
  if (status.ok()) status = open_files(how, options.path, true, opened);
  if (!status.ok()) return std::unexpected(to_error(status, "opening the store " + options.path));
  opened.handles.resize(families.size(), nullptr);
  auto out = std::unique_ptr<Database>(new Database);
  out->db_ = std::move(opened.db);
  out->handles_ = std::move(opened.handles);
  out->stalls_ = how.stalls;
  return out;
}

}  // namespace sluice::store
