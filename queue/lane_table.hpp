// The lanes that have records in memory, or are parked with a time to come back. Feeder's thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "queue/run.hpp"

namespace sluice::queue {

struct FeederLane {
  StreamPtr stream;
  Phase phase = Phase::first;
  std::string domain;
  std::uint32_t generation = 0;
  std::uint32_t slot = 0;
  std::uint32_t worker = 0;
  bool used = false;

  std::string cursor;            ///< first phase: key of the first record not read yet
  bool exhausted = false;        ///< first phase: nothing stood behind the cursor when it was last read
  std::uint64_t read_epoch = 0;  ///< insertion epoch of the phase at that read
  std::uint32_t run_size = 0;    ///< records of the next read; grows while the lane is drained fast
  bool wanted = false;           ///< the worker asked for more
  std::optional<Instant> parked_until;
  bool unpark_when_settled = false;  ///< its time has come, but attempts of it are still under way

  std::set<std::pair<DueSecond, Row>> rows;  ///< retry phase: records in memory
  bool left_behind = false;  ///< retry phase: due records were skipped because the lane was full

  struct OpenRun {
    std::uint32_t number;
    std::uint32_t left;  ///< records not settled
    std::string first_key;
  };
  std::vector<OpenRun> runs;  ///< few, oldest first
  std::uint32_t next_run = 1;
  std::uint32_t received_run = 0;  ///< highest run number a worker said it has received
  std::uint64_t outstanding = 0;

  void drop_settled_runs() {
    const auto open = std::find_if(runs.begin(), runs.end(), [](const OpenRun& run) { return run.left > 0; });
    runs.erase(runs.begin(), open);
  }
  /// Smallest key that may be unsettled.
  [[nodiscard]] const std::string& low() const { return runs.empty() ? cursor : runs.front().first_key; }
};

class LaneTable {
 public:
  /// Null when the lane is not resident.
  [[nodiscard]] FeederLane* find(StreamId stream, Phase phase, std::string_view domain);
  FeederLane& add(StreamPtr stream, Phase phase, std::string_view domain);
  /// The lane a reference means, or null when it is gone.
  [[nodiscard]] FeederLane* at(LaneRef ref);
  void remove(FeederLane& lane);
  [[nodiscard]] std::size_t size() const { return index_.size(); }

  template <class Fn>
  void for_each(Fn fn) {
    for (auto& lane : lanes_) {
      if (lane.used) fn(lane);
    }
  }

 private:
  static std::string index_key(StreamId stream, Phase phase, std::string_view domain);

  std::deque<FeederLane> lanes_;  // a deque: addresses stay while it grows
  std::vector<std::uint32_t> free_;
  std::unordered_map<std::string, std::uint32_t> index_;
};

}  // namespace sluice::queue
