// The record of everything done to the files below one root, in order, as power loss needs to know it.
//
// A file made by the harness (SLUICE_POWER_JOURNAL), mapped and shared: what was appended survives the end of
// the process, kill -9 included. The harness reads `tail` while the process runs: everything at a position
// below it had happened before it looked. One process writes at a time. Once `tail` reaches `die_at`, set by
// the harness, the process kills itself between two changes. All integers are little-endian; journal.py reads
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace power {

enum class Kind : std::uint16_t {
  created = 1,     ///< file: a new one under the name in text
  opened = 2,      ///< file: one that was there under the name in text, met for the first time
  written = 3,     ///< file: data at offset a
  truncated = 4,   ///< file: size is now a
  sync_begun = 5,  ///< file, or the folder in text
  synced = 6,      ///< the same; a: position of its sync_begun; b: the file's mtime in ns; data_only: flag
  sync_lost = 7,   ///< a sync that failed; a as above: what was not on disk before is perhaps never
  renamed = 8,     ///< text: from, NUL, to
  linked = 9,      ///< text: from, NUL, to
  unlinked = 10,
  removed_folder = 11,
  made_folder = 12,
  note = 13,  ///< text: a failure that was brought about, or something this record cannot follow
};

struct Entry {
  Kind kind = Kind::note;
  std::uint64_t file = 0;  ///< 0: none
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  bool data_only = false;  ///< fdatasync: size and bytes, not the time of change
  std::string_view text = {};
  std::string_view data = {};
};

/// Appends and returns the entry's position; 0 when nothing is recorded. Any thread. Aborts when full.
std::uint64_t append(const Entry& entry);
/// Is there a journal? False: every call passes through untouched.
bool recording();

}  // namespace power
