// A file that takes room on the disk so that there is some to give up: when a commit finds the disk full, the
// file goes, and the answers in hand can be settled.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "engine/base/error.hpp"

namespace sluice::store {

class Ballast {
 public:
  /// Nothing is touched yet. `bytes` 0: there is no ballast, and none is missing.
  Ballast(std::string path, std::uint64_t bytes);

  /// Takes the room, if it is not taken. On failure (no room, most likely) nothing stays behind. May write
  /// `bytes` where the file system cannot allocate: not for workers.
  [[nodiscard]] Expected<> take();
  /// Gives the room up; true when there was some. Any thread; does not wait for the disk longer than an
  /// unlink.
  bool release();
  /// With `bytes` 0: a file from when there was a ballast goes.
  void remove_old() const;
  /// Bytes that take() would use.
  [[nodiscard]] std::uint64_t missing() const { return held_.load(std::memory_order_acquire) ? 0 : bytes_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const std::uint64_t bytes_;
  std::atomic<bool> held_;  // taken by the watcher, released by the committer
};

}  // namespace sluice::store
