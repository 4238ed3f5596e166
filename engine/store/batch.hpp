// One atomic set of changes, filled on the committer's thread.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::store {

/// Index of a column family in the list given to Database::open().
using Family = std::uint8_t;

/// Keys put in ascending order within a family cost the memtable least. Bytes are copied at once.
class Batch {
 public:
  explicit Batch(const std::vector<rocksdb::ColumnFamilyHandle*>& families) : families_(families) {}

  void put(Family family, std::string_view key, std::string_view value) {
    batch_.Put(families_[family], slice(key), slice(value));
  }
  void erase(Family family, std::string_view key) { batch_.Delete(families_[family], slice(key)); }
  /// Only for keys that are put once and never again: put and erase then vanish together in compaction.
  void erase_once(Family family, std::string_view key) { batch_.SingleDelete(families_[family], slice(key)); }
  /// [begin, end). Costs every later iterator a little: one call per some 50,000 keys, never per record.
  void erase_range(Family family, std::string_view begin, std::string_view end) {
    batch_.DeleteRange(families_[family], slice(begin), slice(end));
  }

  [[nodiscard]] std::size_t bytes() const { return batch_.GetDataSize(); }
  [[nodiscard]] bool empty() const { return batch_.Count() == 0; }
  void clear() { batch_.Clear(); }
  [[nodiscard]] rocksdb::WriteBatch& raw() { return batch_; }

 private:
  static rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }

  const std::vector<rocksdb::ColumnFamilyHandle*>& families_;
  rocksdb::WriteBatch batch_;
};

}  // namespace sluice::store
