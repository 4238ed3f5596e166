// One RocksDB with one write-ahead log. It knows keys, values and families; what they mean is the queue's.
// Threads: any thread may read (by our rule only reader threads do); only the Committer writes.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/store/acknowledged.hpp"
#include "engine/store/batch.hpp"
#include "engine/store/options.hpp"
#include "engine/store/stall_watch.hpp"

namespace sluice::store {

/// A forward walk over [lower, upper) of one family. Bounds are always given: an iterator that starts below
/// deleted keys pays for each of them (180-340 ms after 900 k deletes). Views last until next() or seek().
class Cursor {
 public:
  Cursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, std::string lower, std::string upper);

  [[nodiscard]] bool valid() const { return iterator_->Valid(); }
  [[nodiscard]] std::string_view key() const { return {iterator_->key().data(), iterator_->key().size()}; }
  [[nodiscard]] std::string_view value() const {
    return {iterator_->value().data(), iterator_->value().size()};
  }
  void next() { iterator_->Next(); }
  void seek(std::string_view key) { iterator_->Seek({key.data(), key.size()}); }
  /// An unreadable block ends the walk early: valid() is false and this is not ok.
  [[nodiscard]] Expected<> status() const;

 private:
  std::string lower_;
  std::string upper_;
  rocksdb::Slice lower_slice_;
  rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class Database {
 public:
  /// Opens or creates the database with these families (order gives the Family index; "default" must be
  /// first). `env` replaces disk access in fault tests; null means the real one; it must outlive the
  /// database. A log torn at its end, as a crash leaves it, is cut. Fails with corrupt, and changes nothing,
  /// when the log is damaged before its end or when acknowledged commits are missing (acknowledged.hpp).
  [[nodiscard]] static Expected<std::unique_ptr<Database>> open(const Options& options,
                                                                const std::vector<std::string>& families,
                                                                rocksdb::Env* env = nullptr);
  /// As it stands, for looking only; nothing on disk changes and no lock is taken: see FolderLock. The last
  /// families may be missing, as in a store that older code made: they are empty then.
  [[nodiscard]] static Expected<std::unique_ptr<Database>> open_read_only(
      const Options& options, const std::vector<std::string>& families);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// nullopt: no such key.
  [[nodiscard]] Expected<std::optional<std::string>> get(Family family, std::string_view key) const;
  /// The highest key in [lower, upper); nullopt: there is none.
  [[nodiscard]] Expected<std::optional<std::string>> last(Family family, std::string_view lower,
                                                          std::string_view upper) const;
  /// Heap-held because the iterator keeps pointers to its bounds.
  [[nodiscard]] std::unique_ptr<Cursor> cursor(Family family, std::string lower, std::string upper) const;

  [[nodiscard]] Batch make_batch() const { return Batch(handles_); }
  /// Written and synced when it returns without error; unchanged otherwise. Committer only.
  [[nodiscard]] Expected<> write_synced(Batch& batch);
  /// After a failed write, before the next: leaves RocksDB's error state. Busy while RocksDB tries by itself,
  /// which it does every 5 s when the disk was full.
  [[nodiscard]] Expected<> resume();
  /// A resume() met an error that only a new start gets over: what the files hold that are open is unknown.
  [[nodiscard]] bool lost() const { return lost_; }
  /// Writes memtables out; for tests, `store check` and measurements.
  [[nodiscard]] Expected<> flush();
  /// RocksDB's own number for this property, 0 when it has none ("rocksdb.estimate-num-keys", ...).
  [[nodiscard]] std::uint64_t property(Family family, const std::string& name) const;
  /// The sum of it over all families.
  [[nodiscard]] std::uint64_t property_sum(const std::string& name) const;
  [[nodiscard]] const StallWatch& stalls() const { return *stalls_; }
  /// Every block of every file is read and its checksum verified.
  [[nodiscard]] Expected<> verify();
  /// RocksDB's number of the last change; grows with every commit.
  [[nodiscard]] std::uint64_t sequence() const { return db_->GetLatestSequenceNumber(); }
  /// A consistent copy in `folder`, which must not exist: files that never change again are linked where the
  /// file system allows. Memtables are flushed first. Any thread, also while commits go on.
  [[nodiscard]] Expected<> checkpoint(const std::string& folder);

 private:
  Database() = default;

  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<Acknowledged> acknowledged_;         ///< null: opened for reading
  std::shared_ptr<StallWatch> stalls_;                 // shared: as RocksDB takes it
  bool lost_ = false;                                  // the committer's thread
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  ///< null: a family that is not there
};

}  // namespace sluice::store
