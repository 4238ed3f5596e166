#include "engine/store/repair_files.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>

#include "engine/store/database_options.hpp"
#include "engine/store/file_copy.hpp"
#include "engine/store/folder.hpp"
#include "engine/store/rocksdb_error.hpp"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

/// Files RocksDB writes once are linked; those it goes on writing are copied.
Expected<> set_aside(const std::string& from, const std::string& to) {
  std::error_code error;
  if (!fs::create_directory(to, error)) return fail(ErrorCode::conflict, to + " exists or cannot be made");
  for (fs::directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    if (!at->is_regular_file(error)) continue;
    const auto& file = at->path();
    const auto target = (fs::path(to) / file.filename()).string();
    const bool fixed = file.extension() == ".sst";
    auto kept = fixed ? link_or_copy(file.string(), target) : copy_file(file.string(), target);
    if (!kept) return kept;
  }
  if (error) return fail(ErrorCode::io, "reading " + from + ": " + error.message());
  return sync_folder(to);
}

}  // namespace

Expected<FileRepair> repair_files(const Options& options, const std::vector<std::string>& families,
                                  const std::string& aside) {
  if (auto kept = set_aside(options.path, aside); !kept) return std::unexpected(kept.error());
  const auto how = rocks_options(options, families);
  const auto status = rocksdb::RepairDB(options.path, how.db, how.families);
  if (!status.ok()) return std::unexpected(to_error(status, "repairing the files of " + options.path));
  FileRepair out;
  out.aside = aside;
  std::error_code error;
  for (fs::directory_iterator at(options.path + "/lost", error), end; !error && at != end;
       at.increment(error)) {
    // Logs it has turned into tables go there too; they are not lost.
    if (at->path().extension() == ".sst") out.lost.push_back(at->path().filename().string());
  }
  std::ranges::sort(out.lost);
  fs::remove_all(options.path + "/lost", error);  // all of it stands in `aside`
  return out;
}

}  // namespace sluice::store
