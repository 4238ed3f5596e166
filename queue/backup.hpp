// A copy of everything the engine has promised: made while it serves or while it does not, and put back.
//
// A backup is a folder: store/ (a checkpoint of the database), bodies/ and lists/ (linked where the file
// system allows; they never change again), return_tokens.keys where there is one, and backup.json, written
// last: a folder without it is no backup. Event files are not in it; it says how far they are.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/store/database.hpp"
#include "queue/check.hpp"

namespace sluice::queue {

struct BackupFacts {
  std::uint64_t sequence = 0;  ///< the database's last change
  std::uint64_t seq = 0;       ///< its last event
  std::uint64_t streams = 0;
  std::uint64_t queued = 0;
  std::string time;  ///< RFC 3339
};

/// `to` must not exist. What was made of it is removed on failure. Blocks while memtables are flushed and
/// files copied: a thread of its own. conflict: `to` exists.
[[nodiscard]] Expected<BackupFacts> back_up(store::Database& database, const DataFolders& from,
                                            const std::string& to, Instant now);

/// What a store holds that nobody writes to; its time is left empty.
[[nodiscard]] Expected<BackupFacts> facts_of_store(const std::string& path);

struct RestoreOptions {
  std::uint64_t next_seq = 0;  ///< the next event's number at least; 0: behind the event files that are there
};

struct RestoreReport {
  BackupFacts backup;
  std::uint64_t next_seq = 0;
  std::uint64_t settled = 0;  ///< queued in the backup, and final by now as the event files tell
};

/// Puts a backup back where no store is (conflict otherwise). The backup is checked first, whole; corrupt
/// when anything in it is wrong. Then numbers go on where nobody can have seen them: events behind the event
/// files, stream ids and the rows of flows a distance on. Recipients who have had a final event since, as far
/// as the event files that are there tell, are taken out; others whom mail reached after the backup get it
/// again. Keys of return tokens that are there stay: they are as old or younger.
[[nodiscard]] Expected<RestoreReport> restore(const std::string& from, const DataFolders& to,
                                              const RestoreOptions& options, Instant now);

}  // namespace sluice::queue
