#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"
#include "engine/store/file_copy.hpp"
#include "engine/store/folder.hpp"
#include "queue/backup.hpp"
#include "queue/event.hpp"
#include "queue/event_log.hpp"
#include "queue/families.hpp"
#include "queue/migration.hpp"
#include "queue/outbox.hpp"
#include "queue/row_repair.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

/// What is skipped so that nothing made after the backup gets its number again: streams, and rows of a flow
/// (a day and a half at 30,000 messages a second; rows have 40 bits).
constexpr StreamId kSkipStreams = 1u << 16;
constexpr Row kSkipRows = Row{1} << 32;

Expected<std::string> time_of(const std::string& backup) {
  std::ifstream in(backup + "/backup.json");
  std::string text;
  if (!std::getline(in, text))
    return fail(ErrorCode::not_found,
                backup + "/backup.json cannot be read: this is no backup, or an unfinished one");
  constexpr std::string_view kTime = "\"time\":\"";
  const auto at = text.find(kTime);
  const auto end = at == std::string::npos ? at : text.find('"', at + kTime.size());
  if (end == std::string::npos)
    return fail(ErrorCode::corrupt, backup + "/backup.json does not say when it was made");
  return text.substr(at + kTime.size(), end - at - kTime.size());
}

bool is_empty(const std::string& folder) {
  std::error_code error;
  return !fs::exists(folder, error) || fs::is_empty(folder, error);
}

Expected<> check_target(const DataFolders& to) {
  for (const auto& folder : {to.store, to.bodies, to.lists}) {
    if (!is_empty(folder))
      return fail(ErrorCode::conflict, folder + " is not empty; move it away first: nothing is overwritten");
  }
  return {};
}

Expected<> expect_sound(store::Database& database, const DataFolders& folders, const std::string& backup) {
  const auto report = check_store(database, folders);
  for (const auto& row : report.rows) {
    if (row.wrong > 0)
      return fail(ErrorCode::corrupt,
                  fmt::format("the backup {} is damaged: {}: {}", backup, row.what, row.detail));
  }
  return {};
}

/// One of an older format is looked at when its copy has been brought to ours.
Expected<> check_backup(const std::string& backup) {
  store::Options options;
  options.path = backup + "/store";
  auto opened = store::Database::open_read_only(options, family_names());
  if (!opened) return std::unexpected(opened.error());
  const auto format = read_format(**opened);
  if (format && *format && **format < kFormat) return {};
  return expect_sound(**opened, {options.path, backup + "/bodies", {}, backup + "/lists"}, backup);
}

Expected<> bring_copy_to_format(store::Database& database, const std::string& path, const DataFolders& to,
                                const std::string& backup) {
  const auto format = read_format(database);
  if (format && *format == kFormat) return {};
  if (auto ours = bring_to_format(database, path, kFormat, migrations()); !ours) return ours;
  return expect_sound(database, {path, to.bodies, {}, to.lists}, backup);
}

Expected<> restore_keys(const std::string& from, const std::string& to) {
  std::error_code error;
  if (to.empty() || fs::exists(to, error) || !fs::exists(from, error)) return {};
  if (auto copied = store::copy_file(from, to); !copied) return copied;
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return fail(ErrorCode::io, "changing " + to + ": " + error.message());
  return store::sync_folder(fs::path(to).parent_path().string());
}

std::uint64_t last_exported(const std::string& events) {
  std::uint64_t out = 0;
  for (const auto& file : event_files(events)) out = std::max(out, last_seq_of(file).value_or(0));
  return out;
}

/// The changes that make a copy of the past fit for a present in which later numbers were used.
class Renumbering {
 public:
  Renumbering(store::Database& database, const BackupFacts& facts) : db_(database), facts_(facts) {}

  /// The next event's number.
  Expected<std::uint64_t> run(std::uint64_t exported, std::uint64_t wanted_next, Instant now) {
    auto batch = db_.make_batch();
    const auto last = std::max({facts_.seq, exported, wanted_next == 0 ? 0 : wanted_next - 1});
    // What stands in an event file is not told again, and still goes into the index of what was sent. Beyond
    // the files only the caller knows what was seen; the feed can have no hole.
    if (last > std::max(facts_.seq, exported))
      batch.erase_range(kOutbox, std::string(), std::string(9, '\xff'));
    if (auto done = skip_numbers(batch); !done) return std::unexpected(done.error());
    Event event;
    event.kind = EventKind::alert;
    event.time_ms = to_ms(now);
    event.event_class = "restored";
    const auto detail = fmt::format("the store was put back from the backup of {}", facts_.time);
    event.detail = detail;
    std::string encoded, seq;
    event.append_to(encoded);
    put_be<8>(seq, last + 1);
    batch.put(kOutbox, OutboxRow::key(last + 1), OutboxRow::value(encoded));
    batch.put(kCounters, "seq", seq);
    if (auto written = db_.write_synced(batch); !written) return std::unexpected(written.error());
    if (auto flushed = db_.flush(); !flushed) return std::unexpected(flushed.error());
    return last + 2;
  }

 private:
  Expected<> skip_numbers(store::Batch& batch) {
    StreamId last = 0;
    const auto streams = db_.cursor(kStreams, std::string(), std::string(5, '\xff'));
    for (; streams->valid(); streams->next()) {
      const auto decoded = decode_stream(streams->value());
      if (streams->key().size() != 4 || !decoded) continue;
      last = static_cast<StreamId>(get_be<4>(streams->key().data()));
      if (decoded->first.kind != StreamKind::flow) continue;
      const auto mark = std::string(streams->key()) + "c";
      auto row = db_.get(kMarks, mark);
      if (!row) return std::unexpected(row.error());
      if (!*row || (*row)->size() != 8) continue;
      std::string next;
      put_be<8>(next, std::min(get_be<8>((*row)->data()) + kSkipRows, kMaxRow));
      batch.put(kMarks, mark, next);
    }
    std::string floor;
    put_be<4>(floor, last + kSkipStreams);
    batch.put(kMeta, kStreamFloorKey, floor);
    return streams->status();
  }

  store::Database& db_;
  const BackupFacts& facts_;
};

/// In a folder beside the store, so that a restore that is cut off leaves no store.
Expected<std::uint64_t> renumber(const std::string& path, const std::string& backup, const BackupFacts& facts,
                                 const DataFolders& to, const RestoreOptions& wanted, Instant now,
                                 std::uint64_t& settled) {
  store::Options options;
  options.path = path;
  auto database = store::Database::open(options, family_names());
  if (!database) return std::unexpected(database.error());
  if (auto ours = bring_copy_to_format(**database, path, to, backup); !ours)
    return std::unexpected(ours.error());
  RepairReport repairs;
  RowRepair rows(**database, to, true, now);
  if (auto done = rows.settle_told(facts.seq, repairs); !done) return std::unexpected(done.error());
  for (const auto& step : repairs.steps) settled += step.what == RowRepair::kTakenOut ? step.count : 0;
  auto next = Renumbering(**database, facts).run(last_exported(to.events), wanted.next_seq, now);
  if (!next) return next;
  // The side file beside the store is of the store that was lost.
  auto mark = store::Acknowledged::open(store::Acknowledged::path_of(to.store), options.acknowledge_interval);
  if (!mark) return std::unexpected(mark.error());
  if (auto reset = (*mark)->reset((*database)->sequence()); !reset) return std::unexpected(reset.error());
  return next;
}

}  // namespace

Expected<RestoreReport> restore(const std::string& from, const DataFolders& to, const RestoreOptions& options,
                                Instant now) {
  RestoreReport out;
  auto time = time_of(from);
  if (!time) return std::unexpected(time.error());
  if (auto free = check_target(to); !free) return std::unexpected(free.error());
  if (auto sound = check_backup(from); !sound) return std::unexpected(sound.error());
  auto facts = facts_of_store(from + "/store");
  if (!facts) return std::unexpected(facts.error());
  out.backup = *facts;
  out.backup.time = *time;
  const auto half = to.store + ".restoring";
  std::error_code error;
  fs::remove_all(half, error);
  for (const auto& [source, target] :
       {std::pair{from + "/store", half}, std::pair{from + "/bodies", to.bodies},
        std::pair{from + "/lists", to.lists}}) {
    if (auto copied = store::copy_folder(source, target); !copied) return std::unexpected(copied.error());
  }
  if (auto kept = restore_keys(from + "/return_tokens.keys", to.token_keys); !kept)
    return std::unexpected(kept.error());
  auto next = renumber(half, from, out.backup, to, options, now, out.settled);
  if (!next) return std::unexpected(next.error());
  out.next_seq = *next;
  fs::remove(store::Acknowledged::path_of(half), error);
  fs::remove(to.store, error);  // an empty folder
  fs::rename(half, to.store, error);
  if (error) return fail(ErrorCode::io, "renaming " + half + ": " + error.message());
  if (auto synced = store::sync_folder(fs::path(to.store).parent_path().string()); !synced)
    return std::unexpected(synced.error());
  log::warn("store_restored", {{"from", from}, {"made", out.backup.time}, {"next_seq", out.next_seq}});
  return out;
}

}  // namespace sluice::queue
