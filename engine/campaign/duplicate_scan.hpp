// The partitioned search for duplicates that Dedup falls back to: (hash, row) pairs in, a bitmap of duplicate
// rows out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/base/siphash.hpp"
#include "engine/campaign/descriptor.hpp"

namespace sluice::campaign {

/// A bit a row, in a file without name that is mapped: the kernel may drop its pages, so it counts as no
/// memory.
class DuplicateRows {
 public:
  DuplicateRows(DuplicateRows&&) noexcept;
  DuplicateRows& operator=(DuplicateRows&&) = delete;
  ~DuplicateRows();

  /// All rows up to and including `last_row` unmarked. The disk space is reserved, so that marking cannot
  /// fail.
  [[nodiscard]] static Expected<DuplicateRows> create(const std::string& directory, std::uint64_t last_row);

  void mark(std::uint64_t row);
  /// False for rows behind last_row.
  [[nodiscard]] bool contains(std::uint64_t row) const;

 private:
  DuplicateRows() = default;

  Descriptor file_;
  std::uint8_t* bits_ = nullptr;
  std::size_t bytes_ = 0;
};

/// One thread. Feed add() with rows in ascending order, then finish() once.
class DuplicateScan {
 public:
  static constexpr std::size_t kPartitions = 128;
  static constexpr std::size_t kLeastMemory = 1 << 20;

  /// Takes `memory_bytes`, at least kLeastMemory, for its buffers and later for one partition's set.
  [[nodiscard]] static Expected<DuplicateScan> create(std::string directory, std::size_t memory_bytes,
                                                      std::size_t partitions = kPartitions);

  [[nodiscard]] Expected<> add(Hash128 hash, std::uint64_t row);
  [[nodiscard]] Expected<DuplicateRows> finish();

 private:
  struct Partition {
    Descriptor file;
    std::vector<char> buffer;  ///< not yet written
    std::uint64_t entries = 0;
  };

  DuplicateScan() = default;
  Expected<> flush(Partition& partition);
  Expected<> search(Partition& partition, DuplicateRows& out) const;

  std::string directory_;
  std::size_t memory_bytes_ = 0;
  std::size_t buffer_bytes_ = 0;
  std::vector<Partition> partitions_;
  std::uint64_t last_row_ = 0;
};

/// A file for reading and writing that has no name and goes with its descriptor.
[[nodiscard]] Expected<Descriptor> open_nameless(const std::string& directory);

}  // namespace sluice::campaign
