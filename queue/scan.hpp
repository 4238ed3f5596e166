// Where the reading of one stream's phase stands. Feeder's thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "queue/key.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {

/// Every unsettled record of the phase is in memory, ahead of the cursor, a resident lane's to read, or
/// covered by `dirty` or `left_behind`, which start another pass.
struct Scan {
  using Id = std::pair<StreamId, Phase>;

  StreamPtr stream;
  Phase phase = Phase::first;
  std::string cursor;      ///< next key to read
  bool at_end = false;     ///< first phase: nothing stood behind the cursor at the last read
  std::string dirty;       ///< first phase: smallest key inserted behind the cursor; empty: none
  DueSecond next_due = 0;  ///< retry phase: no unread record ahead of the cursor is due earlier
  DueSecond left_behind =
      UINT32_MAX;            ///< retry phase: earliest record behind the cursor that no lane will read
  std::size_t resident = 0;  ///< records in memory
  std::uint64_t epoch = 0;   ///< last insertion heard of
  std::string marked;        ///< low-water mark last submitted
  std::uint64_t marked_epoch = 0;

  Instant wanted = Instant::max();  ///< what is behind the cursor need not be read before
  Instant next_pass{};              ///< lanes gave their place up (feeder_places.cpp): no other pass before
  Instant pass_began{};

  bool queued = false;                 ///< waits for its turn to be read
  bool active = false;                 ///< has a claim on a share of the memory
  Instant rests_until{};               ///< the store could not be read
  Instant looked_at = Instant::max();  ///< is looked at again then, at the latest

  [[nodiscard]] Id id() const { return {stream->id, phase}; }
  /// Something is behind the cursor, and may go at that time.
  void want(Instant at) { wanted = std::min(wanted, at); }
  void pass_at_once() {
    next_pass = {};
    if (!dirty.empty() || left_behind != UINT32_MAX) wanted = {};
  }
  [[nodiscard]] Instant passes_again() const { return std::max(next_pass, wanted); }
  [[nodiscard]] bool wants_pass() const {
    return phase == Phase::first ? at_end && !dirty.empty() : left_behind != UINT32_MAX;
  }
  /// Something behind the cursor is to be read: the next pass begins there.
  void go_back(Instant now) {
    if (!wants_pass() || now < passes_again()) return;
    next_pass = {};
    wanted = Instant::max();
    pass_began = now;
    if (phase == Phase::first) {
      cursor = std::exchange(dirty, {});
      at_end = false;
    } else {
      cursor = std::min(cursor, due_begin(stream->id, left_behind));
      next_due = std::min(next_due, left_behind);
      left_behind = UINT32_MAX;
    }
  }
};

}  // namespace sluice::queue
