#include "queue/backup.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "engine/base/bytes.hpp"
#include "engine/base/json_text.hpp"
#include "engine/store/file_copy.hpp"
#include "engine/store/folder.hpp"
#include "engine/store/segment_file.hpp"
#include "queue/counters.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKeysName = "/return_tokens.keys";

/// Segments and lists that stand still. The newest segment may be growing and is left for the second pass, as
/// is what has appeared since the first.
Expected<> copy_files(const std::string& from, const std::string& to, bool newest_too) {
  std::error_code error;
  if (!fs::exists(from, error)) return {};
  std::uint32_t newest = 0;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) files.push_back(at->path());
    newest = std::max(newest, store::segment_number(at->path().filename().string()));
  }
  if (error) return fail(ErrorCode::io, "reading " + from + ": " + error.message());
  for (const auto& file : files) {
    const auto target = (fs::path(to) / file.filename()).string();
    const auto number = store::segment_number(file.filename().string());
    const bool grows = number != 0 && number == newest;
    if ((grows && !newest_too) || fs::exists(target, error)) continue;
    auto copied =
        grows ? store::copy_file(file.string(), target) : store::link_or_copy(file.string(), target);
    // What goes meanwhile is needed by nobody any more.
    if (!copied && copied.error().code != ErrorCode::not_found) return copied;
  }
  return store::sync_folder(to);
}

/// Without them nothing that was sent finds its way back.
Expected<> copy_keys(const std::string& from, const std::string& to) {
  if (from.empty()) return {};
  auto copied = store::copy_file(from, to);
  if (!copied && copied.error().code == ErrorCode::not_found) return {};  // tokens are not signed
  std::error_code error;
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return fail(ErrorCode::io, "changing " + to + ": " + error.message());
  return copied;
}

Expected<BackupFacts> fill_backup(store::Database& database, const DataFolders& from, const std::string& to,
                                  Instant now) {
  for (const auto* folder : {"/bodies", "/lists"}) {
    std::error_code error;
    fs::create_directory(to + folder, error);
    if (error) return fail(ErrorCode::io, "making " + to + folder + ": " + error.message());
  }
  for (const bool second : {false, true}) {
    // Before the database, so that no file it names has gone by then; and after, for those that are new.
    if (auto copied = copy_files(from.bodies, to + "/bodies", second); !copied)
      return std::unexpected(copied.error());
    if (auto copied = copy_files(from.lists, to + "/lists", second); !copied)
      return std::unexpected(copied.error());
    if (second) break;
    if (auto copied = database.checkpoint(to + "/store"); !copied) return std::unexpected(copied.error());
  }
  if (auto copied = copy_keys(from.token_keys, to + kKeysName); !copied)
    return std::unexpected(copied.error());
  auto facts = facts_of_store(to + "/store");
  if (!facts) return facts;
  facts->time = to_rfc3339(now);
  std::string time;
  append_json_string(time, facts->time);
  const auto text =
      fmt::format("{{\"v\":1,\"time\":{},\"sequence\":{},\"seq\":{},\"streams\":{},\"queued\":{}}}\n", time,
                  facts->sequence, facts->seq, facts->streams, facts->queued);
  if (auto written = store::write_file(to + "/backup.json", text); !written)
    return std::unexpected(written.error());
  return facts;
}

}  // namespace

Expected<BackupFacts> facts_of_store(const std::string& path) {
  store::Options options;
  options.path = path;
  auto opened = store::Database::open_read_only(options, family_names());
  if (!opened) return std::unexpected(opened.error());
  auto& database = **opened;
  BackupFacts out;
  out.sequence = database.sequence();
  const auto rows = database.cursor(kCounters, std::string(), std::string(8, '\xff'));
  for (; rows->valid(); rows->next()) {
    if (rows->key() == "seq" && rows->value().size() == 8) out.seq = get_be<8>(rows->value().data());
    if (rows->key().size() != 4) continue;
    ++out.streams;
    if (const auto counters = Counters::decode(rows->value())) out.queued += counters->queued();
  }
  if (auto status = rows->status(); !status) return std::unexpected(status.error());
  return out;
}

Expected<BackupFacts> back_up(store::Database& database, const DataFolders& from, const std::string& to,
                              Instant now) {
  std::error_code error;
  if (!fs::create_directory(to, error)) {
    if (error) return fail(ErrorCode::io, "making " + to + ": " + error.message());
    return fail(ErrorCode::conflict, to + " exists; a backup is made in a folder of its own");
  }
  fs::permissions(to, fs::perms::owner_all, error);
  auto facts = fill_backup(database, from, to, now);
  if (!facts) fs::remove_all(to, error);
  return facts;
}

}  // namespace sluice::queue
