// Exact duplicates within one campaign: of all rows with one normalised address, the first is mailed and
// every later one is a duplicate. Exact whatever the list's size, in bounded memory.
//
// Lists that fit keep a set of 128-bit keyed hashes (about 20 bytes a row) and are answered on the fly. When
// the set is full, one pass over the whole list writes (hash, row) into partitions by hash, in files beneath
// `directory`; each partition is then read alone, and the rows it proves to be duplicates are marked in a
// bitmap file (a bit a row). From then on answers come from the bitmap. A pass costs about as much as reading
// the list once more.
//
// Nothing is kept for a restart: resume() reads the list's start again. Files are unlinked as soon as they
// are open.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/base/siphash.hpp"
#include "engine/campaign/duplicate_scan.hpp"
#include "engine/campaign/hash_set.hpp"

namespace sluice::campaign {

/// One thread.
class Dedup {
 public:
  struct Options {
    /// Set and partition buffers; at least 1 MiB. What does not fit is partitioned.
    std::size_t memory_bytes = 64 << 20;
    std::string directory;  ///< for the files; must exist when they are needed
  };

  /// Calls back with each accepted row in ascending order until it answers false or the list ends.
  using Visit = std::function<bool(std::uint64_t row, std::string_view address)>;
  /// Reads the whole list from its start with a reader of its own.
  using ReadList = std::function<Expected<>(const Visit&)>;

  Dedup(Options options, ReadList read_list)
      : Dedup(std::move(options), std::move(read_list), HashKey::random()) {}
  Dedup(Options options, ReadList read_list, HashKey key);

  /// Makes the state that asking for every row below `next_row` would have left. Call once, before anything
  /// else.
  [[nodiscard]] Expected<> resume(std::uint64_t next_row);

  /// Whether an earlier row had this address. Rows must come in ascending order, each once.
  /// Errors: those of reading the list again, and io or limit (disk full) of the files; ask again after it is
  /// mended.
  [[nodiscard]] Expected<bool> is_duplicate(std::uint64_t row, std::string_view address);

  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  [[nodiscard]] bool partitioned() const { return marked_.has_value(); }

 private:
  Expected<> partition();

  Options options_;
  ReadList read_list_;
  HashKey key_;
  std::optional<HashSet> seen_;  ///< none once it was full: then marked_ answers, or must be made first
  std::optional<DuplicateRows> marked_;
  std::uint64_t duplicates_ = 0;
};

}  // namespace sluice::campaign
