#include "engine/store/database.hpp"

#include <rocksdb/utilities/checkpoint.h>

#include "engine/store/rocksdb_error.hpp"

namespace sluice::store {
namespace {

constexpr const char* kBallastKey = "store.ballast";  // in the first family; without meaning

}  // namespace

Cursor::Cursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, std::string lower, std::string upper)
    : lower_(std::move(lower)), upper_(std::move(upper)), lower_slice_(lower_), upper_slice_(upper_) {
  rocksdb::ReadOptions read;
  read.iterate_lower_bound = &lower_slice_;
  read.iterate_upper_bound = &upper_slice_;
  read.fill_cache = false;
  read.auto_prefix_mode = false;
  iterator_.reset(family != nullptr ? db.NewIterator(read, family) : rocksdb::NewEmptyIterator());
  iterator_->Seek(lower_slice_);
}

Expected<> Cursor::status() const {
  const auto status = iterator_->status();
  if (status.ok()) return {};
  return std::unexpected(to_error(status, "reading the queue store"));
}

Database::~Database() {
  if (!db_) return;
  for (auto* handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle);
  }
  db_->Close().PermitUncheckedError();
}

Expected<std::optional<std::string>> Database::get(Family family, std::string_view key) const {
  if (handles_[family] == nullptr) return std::nullopt;
  std::string value;
  const auto status = db_->Get(rocksdb::ReadOptions(), handles_[family], {key.data(), key.size()}, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(to_error(status, "reading the store"));
  return value;
}

Expected<std::optional<std::string>> Database::last(Family family, std::string_view lower,
                                                    std::string_view upper) const {
  if (handles_[family] == nullptr) return std::nullopt;
  const rocksdb::Slice from(lower.data(), lower.size());
  const rocksdb::Slice to(upper.data(), upper.size());
  rocksdb::ReadOptions read;
  read.iterate_lower_bound = &from;
  read.iterate_upper_bound = &to;
  const std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator(read, handles_[family]));
  iterator->SeekToLast();
  if (!iterator->status().ok()) return std::unexpected(to_error(iterator->status(), "reading the store"));
  if (!iterator->Valid()) return std::nullopt;
  return iterator->key().ToString();
}

std::unique_ptr<Cursor> Database::cursor(Family family, std::string lower, std::string upper) const {
  return std::make_unique<Cursor>(*db_, handles_[family], std::move(lower), std::move(upper));
}

Expected<> Database::write_synced(Batch& batch) {
  // When the log refuses a write, RocksDB recovers by flushing what is in memory and beginning a new log
  // file; with nothing in memory it goes on with the file that failed, which never works again. A key that
  // goes to memory alone keeps it from being empty (1-2 us a commit).
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  const auto ballast = db_->Put(unlogged, handles_.front(), kBallastKey, "");
  if (!ballast.ok()) return std::unexpected(to_error(ballast, "writing the store"));
  rocksdb::WriteOptions write;
  write.sync = true;
  const auto status = db_->Write(write, &batch.raw());
  if (!status.ok()) return std::unexpected(to_error(status, "writing the store"));
  if (acknowledged_) acknowledged_->note(sequence());
  return {};
}

Expected<> Database::resume() {
  const auto status = db_->Resume();
  lost_ = status.severity() >= rocksdb::Status::kFatalError;
  if (!status.ok()) return std::unexpected(to_error(status, "resuming the store"));
  return {};
}

Expected<> Database::flush() {
  const auto status = db_->Flush(rocksdb::FlushOptions(), handles_);
  if (!status.ok()) return std::unexpected(to_error(status, "flushing the store"));
  return {};
}

std::uint64_t Database::property(Family family, const std::string& name) const {
  std::uint64_t value = 0;
  if (handles_[family] == nullptr) return 0;
  return db_->GetIntProperty(handles_[family], name, &value) ? value : 0;
}

std::uint64_t Database::property_sum(const std::string& name) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < handles_.size(); ++i) sum += property(static_cast<Family>(i), name);
  return sum;
}

Expected<> Database::checkpoint(const std::string& folder) {
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(db_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder);
  if (!status.ok()) return std::unexpected(to_error(status, "copying the store to " + folder));
  return {};
}

Expected<> Database::verify() {
  const auto status = db_->VerifyChecksum();
  if (!status.ok()) return std::unexpected(to_error(status, "verifying the store"));
  return {};
}

}  // namespace sluice::store
