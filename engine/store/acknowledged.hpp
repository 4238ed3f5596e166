// The number of the last acknowledged commit, kept in a small file beside the database, so that a database
// that has lost its end (a log cut off, a disk that lied, an old copy put back) is noticed when it opens.
//
// The number is RocksDB's sequence number, written after the commit's sync: what stands here was on disk. So:
// - the database recovers to less than this: acknowledged commits are lost, for certain;
// - to this or more: nothing is known to be lost. The file follows every commit in the page cache, so after a
//   kill of the process it is exact. After power loss it may be Options::acknowledge_interval old, or older
//   where no commit followed, and says nothing about commits since.
//
// Three slots, 4 KiB apart so that they share no sector: two are written in turn and synced, one is written
// with every commit and not synced. A write torn by power loss damages one slot; the others stay.
//
//   magic(8) sequence(8) time_ms(8) crc32c(4)        integers big-endian
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/error.hpp"

namespace sluice::store {

struct AcknowledgedMark {
  std::uint64_t sequence = 0;
  std::int64_t time_ms = 0;  ///< wall clock, for people
};

class Acknowledged {
 public:
  /// "PATH.acknowledged" for the database at PATH: beside it, so that a database that is gone is noticed too.
  [[nodiscard]] static std::string path_of(const std::string& database);
  /// The highest mark of the intact slots; nothing when there is no file, or no slot is intact (logged).
  [[nodiscard]] static Expected<std::optional<AcknowledgedMark>> read(const std::string& path);
  /// Opens or makes the file.
  [[nodiscard]] static Expected<std::unique_ptr<Acknowledged>> open(const std::string& path,
                                                                    std::chrono::milliseconds interval);
  /// Syncs what was noted.
  ~Acknowledged();
  Acknowledged(const Acknowledged&) = delete;
  Acknowledged& operator=(const Acknowledged&) = delete;

  /// After the sync of the commit that ended at `sequence`. One thread. A failure is logged once; it costs
  /// knowledge, no mail.
  void note(std::uint64_t sequence);
  /// Replaces whatever stands in the file, also by a smaller number: after a loss was accepted.
  [[nodiscard]] Expected<> reset(std::uint64_t sequence);

 private:
  Acknowledged(int fd, std::string path, std::chrono::milliseconds interval)
      : fd_(fd), path_(std::move(path)), interval_(interval) {}
  bool write_slot(unsigned slot, std::uint64_t sequence) const;
  bool sync(std::uint64_t sequence);

  const int fd_;
  const std::string path_;
  const std::chrono::milliseconds interval_;
  std::chrono::steady_clock::time_point synced_at_{};
  std::uint64_t noted_ = 0;
  std::uint64_t synced_ = 0;
  unsigned turn_ = 0;  ///< of the two synced slots, the one to be written next: the older
  bool failed_ = false;
};

}  // namespace sluice::store
