// One atomic set of changes, filled on the committer's thread.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

/// Index of a column family in the list given to Database::open().
using Family = std::uint8_t;

/// Bytes are copied at once. Changes of one key keep their order; otherwise changes are written in key order
/// within each family, because the memtable finds the place of a key beside the last one cheaply and any
/// other place by a walk from the top (settling one record in each of many lanes: a third of all CPU).
class Batch {
 public:
  explicit Batch(const std::vector<rocksdb::ColumnFamilyHandle*>& families)
      : handles_(families), families_(families.size()) {}

  void put(Family family, std::string_view key, std::string_view value) {
    add(family, Kind::put, key, value);
  }
  void erase(Family family, std::string_view key) { add(family, Kind::erase, key, {}); }
  /// Only for keys that are put once and never again: put and erase then vanish together in compaction.
  void erase_once(Family family, std::string_view key) { add(family, Kind::erase_once, key, {}); }
  /// [begin, end). Costs every later iterator a little: one call per some 50,000 keys, never per record.
  /// Applied before the other changes of the batch: none of those may be meant to vanish by it.
  void erase_range(Family family, std::string_view begin, std::string_view end) {
    add(family, Kind::erase_range, begin, end);
  }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return changes_ == 0; }
  void clear();
  /// The changes as RocksDB takes them. Nothing may be added afterwards, until clear().
  [[nodiscard]] rocksdb::WriteBatch& raw();

 private:
  enum class Kind : std::uint8_t { put, erase, erase_once, erase_range };
  struct Change {
    std::uint64_t at;  ///< in the arena: the key, then the value
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;
    Kind kind;
  };
  struct Changes {
    std::vector<Change> ranges;
    std::vector<Change> list;
    std::size_t descents = 0;  ///< keys smaller than the one before
  };

  void add(Family family, Kind kind, std::string_view key, std::string_view value);
  [[nodiscard]] std::string_view key(const Change& change) const {
    return {arena_.data() + change.at, change.key_bytes};
  }
  [[nodiscard]] std::string_view value(const Change& change) const {
    return {arena_.data() + change.at + change.key_bytes, change.value_bytes};
  }
  void sort(Changes& changes) const;

  const std::vector<rocksdb::ColumnFamilyHandle*>& handles_;
  std::vector<Changes> families_;
  std::string arena_;
  std::size_t bytes_ = 0;
  std::size_t changes_ = 0;
  bool built_ = false;
  rocksdb::WriteBatch raw_;
};

}  // namespace sluice::store
