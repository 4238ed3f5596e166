// Raw bodies too large for a record: append-only segment files, synced before anybody names a body in them.
//
// Guarantee: done() runs with a BodyRef only after the body is on disk; a segment file goes only when no
// recipient needs a body of it and no body of it is on its way to being named.
//
// One thread of its own writes: the bodies of a moment share one fdatasync, as commits do. done() calls run
// on it, in the order of the append() calls, so a caller whose records must enter the queue in order submits
// them from there. Every segment found at open() is sealed; those nobody needs (orphans of a crash) go with
// the first sweep.
//
// The bodies of a moment also share one write; where that fails, each is tried alone. A body that cannot be
// written (disk full) is reported to its own done(); a segment whose sync failed takes
// no further body, because what the kernel holds of it is unknown from then on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/store/segment_file.hpp"

namespace sluice::store {

struct SegmentsOptions {
  std::string folder;                       ///< made if absent
  std::uint64_t segment_bytes = 64u << 20;  ///< a segment takes no further body beyond it; 1 MiB-4 GiB
  std::uint64_t max_body_bytes = 1u << 30;  ///< longer bodies are refused (limit)
  std::uint64_t max_pending_bytes =
      64u << 20;                       ///< appended, not yet synced; beyond: refused (limit) unless alone
  std::size_t max_pending = 1u << 16;  ///< the same in append() calls
  std::uint64_t min_free_bytes = 64u << 20;          ///< kept free on the disk; below: done(unavailable)
  std::chrono::milliseconds sweep_interval{60'000};  ///< segments nobody needs are looked for this often
};

/// While one is held, the body's segment is not removed: from done() until its name is committed.
using BodyPin =
    std::shared_ptr<const void>;  // shared: several bodies of one segment are on their way at a time

struct StoredBody {
  BodyRef ref;
  BodyPin pin;
};

struct SegmentsStats {
  std::uint64_t bodies = 0;
  std::uint64_t bytes = 0;
  std::uint64_t syncs = 0;
  std::uint64_t failures = 0;
  std::uint64_t removed = 0;  ///< segment files
  std::size_t segments = 0;   ///< files there now
};

class Segments {
 public:
  using Done = std::function<void(const Expected<StoredBody>&)>;
  /// Does anybody need a body of this segment? An error counts as yes. On the writing thread.
  using InUse = std::function<Expected<bool>(std::uint32_t segment)>;

  [[nodiscard]] static Expected<std::unique_ptr<Segments>> open(SegmentsOptions options);
  ~Segments();

  void start(InUse in_use);
  /// Writes what was appended, then ends the thread. Later appends are refused (cancelled).
  void stop();

  /// Any thread. On error `done` is not called. `pieces` together are the body; none at all is a fence:
  /// done() runs in its turn, with an empty ref, and nothing is written.
  [[nodiscard]] Expected<> append(std::vector<std::string> pieces, Done done);
  /// Any thread; reads the disk or its cache.
  [[nodiscard]] Expected<std::string> read(const BodyRef& ref) const {
    return read_body(options_.folder, ref);
  }
  /// Removes the sealed segments nobody needs; start()'s thread does it by itself. For tests and `store
  /// check`.
  void sweep();
  [[nodiscard]] SegmentsStats stats() const;

 private:
  struct Item {
    std::vector<std::string> pieces;
    std::uint64_t bytes = 0;
    Done done;
    Expected<StoredBody> result{};
  };
  struct Segment {
    std::uint32_t number = 0;
  };

  explicit Segments(SegmentsOptions options) : options_(std::move(options)) {}
  void run();
  bool take(std::vector<Item>& batch);
  void write(std::vector<Item>& batch);
  Expected<StoredBody> place(const Item& item);
  void write_placed(std::vector<Item>& batch, std::size_t end);
  void write_alone(Item& item);
  Expected<> sync_active(std::vector<Item>& batch, std::size_t end);
  void seal_active();
  Expected<> check_room(std::uint64_t bytes) const;

  const SegmentsOptions options_;
  InUse in_use_;

  // The writing thread's own.
  std::unique_ptr<SegmentFile> active_;
  std::shared_ptr<const Segment> active_pin_;  // shared with the bodies on their way
  std::size_t first_unsynced_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Item> pending_;
  std::uint64_t pending_bytes_ = 0;
  std::map<std::uint32_t, std::shared_ptr<const Segment>> sealed_;
  std::uint32_t last_number_ = 0;
  bool has_active_ = false;
  SegmentsStats stats_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::store
