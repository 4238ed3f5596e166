// A disk in memory under RocksDB that forgets what was not synced, fills up, and loses its power at a sync of
// the write-ahead log. Files are made, renamed and removed durably at once; their bytes are durable up to the
// last sync.
//
// Faults are set by the simulation's thread and hit the log as that thread writes it, once a commit: so a
// seed replays exactly whatever RocksDB's background threads do meanwhile. They sync logs too, when they
// recover from a full disk, and at a moment of their own: a cut does not wait for those syncs.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace sluice::sim {

struct MemoryFile {
  std::mutex mutex;
  std::string bytes;
  std::size_t synced = 0;
};

/// What a power cut leaves of the bytes whose sync it prevented.
enum class Torn { nothing, half, all };

class MemoryDisk final : public rocksdb::FileSystem {
 public:
  const char* Name() const override { return "MemoryDisk"; }

  // -- faults; the simulation's thread
  /// While full every append fails, half written.
  void set_full(bool full) { full_ = full; }
  [[nodiscard]] bool full() const { return full_; }
  /// The power goes at the next sync of the log by the thread that made the disk.
  void cut_at_sync(Torn torn);
  void cut_now();
  [[nodiscard]] bool cut_planned() const { return cut_; }
  /// Reports syncs it has not done: a run on such a disk has to fail.
  void set_lying(bool lying) { lying_ = lying; }
  /// Nothing is written any more.
  [[nodiscard]] bool dead() const { return dead_; }
  /// The machine is on again: unsynced bytes are gone, the disk has room.
  void power_on();

  // -- for the files
  rocksdb::IOStatus append(MemoryFile& file, const rocksdb::Slice& bytes);
  rocksdb::IOStatus sync(MemoryFile& file, bool is_log);

  // -- rocksdb::FileSystem
  using Options = rocksdb::IOOptions;
  using Context = rocksdb::IODebugContext*;
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions&,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* out, Context) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions&,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* out, Context) override;
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out, Context) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const Options&,
                                 std::unique_ptr<rocksdb::FSDirectory>* out, Context) override;
  rocksdb::IOStatus FileExists(const std::string& name, const Options&, Context) override;
  rocksdb::IOStatus GetChildren(const std::string& folder, const Options&, std::vector<std::string>* out,
                                Context) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const Options&, Context) override;
  rocksdb::IOStatus CreateDir(const std::string&, const Options&, Context) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string&, const Options&, Context) override;
  rocksdb::IOStatus DeleteDir(const std::string&, const Options&, Context) override;
  rocksdb::IOStatus GetFileSize(const std::string& name, const Options&, std::uint64_t* out,
                                Context) override;
  rocksdb::IOStatus GetFileModificationTime(const std::string& name, const Options&, std::uint64_t* out,
                                            Context) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const Options&,
                               Context) override;
  rocksdb::IOStatus LockFile(const std::string&, const Options&, rocksdb::FileLock** lock, Context) override;
  rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock, const Options&, Context) override;
  rocksdb::IOStatus GetTestDirectory(const Options&, std::string* path, Context) override;
  rocksdb::IOStatus GetAbsolutePath(const std::string& path, const Options&, std::string* out,
                                    Context) override;
  rocksdb::IOStatus GetFreeSpace(const std::string&, const Options&, std::uint64_t* out, Context) override;
  rocksdb::IOStatus IsDirectory(const std::string& name, const Options&, bool* out, Context) override;

 private:
  std::shared_ptr<MemoryFile> find(const std::string& name);
  [[nodiscard]] rocksdb::IOStatus off() const;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryFile>> files_;  // shared with open handles
  std::atomic<bool> full_{false};
  std::atomic<bool> dead_{false};
  std::atomic<bool> cut_{false};
  const std::thread::id owner_ = std::this_thread::get_id();  // the simulation's thread
  std::atomic<bool> lying_{false};
  Torn torn_ = Torn::nothing;
};

/// What Database::open() is given. Its clock is behind by almost the five seconds that RocksDB waits between
/// two tries to recover from a full disk: the simulation waits for that in real time.
class MemoryEnv final : public rocksdb::EnvWrapper {
 public:
  explicit MemoryEnv(std::shared_ptr<MemoryDisk> disk);
  const char* Name() const override { return "MemoryEnv"; }
};

}  // namespace sluice::sim
