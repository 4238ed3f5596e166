#include "tests/sim/memory_disk.hpp"

#include <algorithm>
#include <vector>

namespace sluice::sim {
namespace {

using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::uint64_t kRoom = 1ull << 40;
constexpr std::uint64_t kBehindMicros = 4'998'000;

IOStatus read_at(MemoryFile& file, std::uint64_t offset, std::size_t n, Slice* result, char* scratch) {
  const std::lock_guard lock(file.mutex);
  const auto from = std::min<std::uint64_t>(offset, file.bytes.size());
  const auto count = std::min<std::size_t>(n, file.bytes.size() - from);
  std::copy_n(file.bytes.data() + from, count, scratch);
  *result = Slice(scratch, count);
  return IOStatus::OK();
}

class Reader final : public rocksdb::FSSequentialFile {
 public:
  explicit Reader(std::shared_ptr<MemoryFile> file) : file_(std::move(file)) {}
  IOStatus Read(std::size_t n, const rocksdb::IOOptions&, Slice* result, char* scratch,
                rocksdb::IODebugContext*) override {
    auto status = read_at(*file_, at_, n, result, scratch);
    at_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  std::shared_ptr<MemoryFile> file_;  // shared with the disk
  std::uint64_t at_ = 0;
};

class RandomReader final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomReader(std::shared_ptr<MemoryFile> file) : file_(std::move(file)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const rocksdb::IOOptions&, Slice* result, char* scratch,
                rocksdb::IODebugContext*) const override {
    return read_at(*file_, offset, n, result, scratch);
  }

 private:
  std::shared_ptr<MemoryFile> file_;  // shared with the disk
};

class Writer final : public rocksdb::FSWritableFile {
 public:
  Writer(MemoryDisk& disk, std::shared_ptr<MemoryFile> file, bool is_log)
      : disk_(disk), file_(std::move(file)), is_log_(is_log) {}
  using FSWritableFile::Append;
  IOStatus Append(const Slice& bytes, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return disk_.append(*file_, bytes);
  }
  IOStatus Append(const Slice& bytes, const rocksdb::IOOptions&, const rocksdb::DataVerificationInfo&,
                  rocksdb::IODebugContext*) override {
    return disk_.append(*file_, bytes);
  }
  IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return disk_.sync(*file_, is_log_);
  }
  std::uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    const std::lock_guard lock(file_->mutex);
    return file_->bytes.size();
  }
  bool IsSyncThreadSafe() const override { return true; }

 private:
  MemoryDisk& disk_;
  std::shared_ptr<MemoryFile> file_;  // shared with the disk
  const bool is_log_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return IOStatus::OK(); }
};

class Lock final : public rocksdb::FileLock {};

class LateClock final : public rocksdb::SystemClockWrapper {
 public:
  LateClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "LateClock"; }
  std::uint64_t NowMicros() override { return SystemClockWrapper::NowMicros() - kBehindMicros; }
};

}  // namespace

MemoryEnv::MemoryEnv(std::shared_ptr<MemoryDisk> disk) : EnvWrapper(rocksdb::NewCompositeEnv(disk)) {
  file_system_ = std::move(disk);
  system_clock_ = std::make_shared<LateClock>();  // shared: as RocksDB takes it
}

void MemoryDisk::cut_at_sync(Torn torn) {
  torn_ = torn;
  cut_ = true;
}

void MemoryDisk::cut_now() {
  torn_ = Torn::nothing;
  dead_ = true;
}

void MemoryDisk::power_on() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, file] : files_) {
    const std::lock_guard file_lock(file->mutex);
    file->bytes.resize(file->synced);
  }
  dead_ = false;
  full_ = false;
  cut_ = false;
}

IOStatus MemoryDisk::off() const { return IOStatus::IOError("the power is off"); }

IOStatus MemoryDisk::append(MemoryFile& file, const Slice& bytes) {
  if (dead_) return off();
  const std::lock_guard lock(file.mutex);
  file.bytes.append(bytes.data(), full_ ? bytes.size() / 2 : bytes.size());
  return full_ ? IOStatus::NoSpace("the disk is full") : IOStatus::OK();
}

IOStatus MemoryDisk::sync(MemoryFile& file, bool is_log) {
  if (dead_) return off();
  const std::lock_guard lock(file.mutex);
  if (is_log && cut_ && owner_ == std::this_thread::get_id()) {
    const auto unsynced = file.bytes.size() - file.synced;
    if (torn_ == Torn::half) file.synced += unsynced / 2;
    if (torn_ == Torn::all) file.synced += unsynced;
    dead_ = true;
    return off();
  }
  if (!lying_ || !is_log) file.synced = file.bytes.size();
  return IOStatus::OK();
}

std::shared_ptr<MemoryFile> MemoryDisk::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto at = files_.find(name);
  return at == files_.end() ? nullptr : at->second;
}

IOStatus MemoryDisk::NewSequentialFile(const std::string& name, const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSSequentialFile>* out, Context) {
  auto file = find(name);
  if (!file) return IOStatus::PathNotFound(name);
  *out = std::make_unique<Reader>(std::move(file));
  return IOStatus::OK();
}

IOStatus MemoryDisk::NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions&,
                                         std::unique_ptr<rocksdb::FSRandomAccessFile>* out, Context) {
  auto file = find(name);
  if (!file) return IOStatus::PathNotFound(name);
  *out = std::make_unique<RandomReader>(std::move(file));
  return IOStatus::OK();
}

IOStatus MemoryDisk::NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                                     std::unique_ptr<rocksdb::FSWritableFile>* out, Context) {
  if (dead_) return off();
  auto file = std::make_shared<MemoryFile>();
  {
    const std::lock_guard lock(mutex_);
    files_[name] = file;
  }
  *out = std::make_unique<Writer>(*this, std::move(file), name.ends_with(".log"));
  return IOStatus::OK();
}

IOStatus MemoryDisk::NewDirectory(const std::string&, const Options&,
                                  std::unique_ptr<rocksdb::FSDirectory>* out, Context) {
  *out = std::make_unique<Directory>();
  return IOStatus::OK();
}

IOStatus MemoryDisk::FileExists(const std::string& name, const Options&, Context) {
  return find(name) ? IOStatus::OK() : IOStatus::NotFound(name);
}

IOStatus MemoryDisk::GetChildren(const std::string& folder, const Options&, std::vector<std::string>* out,
                                 Context) {
  const auto prefix = folder.ends_with('/') ? folder : folder + "/";
  const std::lock_guard lock(mutex_);
  out->clear();
  for (const auto& [name, file] : files_) {
    if (name.starts_with(prefix)) out->push_back(name.substr(prefix.size()));
  }
  return IOStatus::OK();
}

IOStatus MemoryDisk::DeleteFile(const std::string& name, const Options&, Context) {
  if (dead_) return off();
  const std::lock_guard lock(mutex_);
  return files_.erase(name) > 0 ? IOStatus::OK() : IOStatus::NotFound(name);
}

IOStatus MemoryDisk::CreateDir(const std::string&, const Options&, Context) { return IOStatus::OK(); }
IOStatus MemoryDisk::CreateDirIfMissing(const std::string&, const Options&, Context) {
  return IOStatus::OK();
}
IOStatus MemoryDisk::DeleteDir(const std::string&, const Options&, Context) { return IOStatus::OK(); }

IOStatus MemoryDisk::GetFileSize(const std::string& name, const Options&, std::uint64_t* out, Context) {
  const auto file = find(name);
  if (!file) return IOStatus::NotFound(name);
  const std::lock_guard lock(file->mutex);
  *out = file->bytes.size();
  return IOStatus::OK();
}

IOStatus MemoryDisk::GetFileModificationTime(const std::string&, const Options&, std::uint64_t* out,
                                             Context) {
  *out = 0;
  return IOStatus::OK();
}

IOStatus MemoryDisk::RenameFile(const std::string& from, const std::string& to, const Options&, Context) {
  if (dead_) return off();
  const std::lock_guard lock(mutex_);
  const auto at = files_.find(from);
  if (at == files_.end()) return IOStatus::NotFound(from);
  auto file = std::move(at->second);
  files_.erase(at);
  files_[to] = std::move(file);
  return IOStatus::OK();
}

IOStatus MemoryDisk::LockFile(const std::string&, const Options&, rocksdb::FileLock** lock, Context) {
  *lock = new Lock;
  return IOStatus::OK();
}

IOStatus MemoryDisk::UnlockFile(rocksdb::FileLock* lock, const Options&, Context) {
  delete lock;
  return IOStatus::OK();
}

IOStatus MemoryDisk::GetTestDirectory(const Options&, std::string* path, Context) {
  *path = "/test";
  return IOStatus::OK();
}

IOStatus MemoryDisk::GetAbsolutePath(const std::string& path, const Options&, std::string* out, Context) {
  *out = path;
  return IOStatus::OK();
}

IOStatus MemoryDisk::GetFreeSpace(const std::string&, const Options&, std::uint64_t* out, Context) {
  *out = full_ ? 0 : kRoom;
  return IOStatus::OK();
}

IOStatus MemoryDisk::IsDirectory(const std::string& name, const Options&, bool* out, Context) {
  *out = !find(name);
  return IOStatus::OK();
}

}  // namespace sluice::sim
