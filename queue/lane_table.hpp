// The lanes that have records in memory, or are parked with a time to come back. Feeder's thread only.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
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

  Row next_row = 0;              ///< first phase: no record before this row is unread
  bool exhausted = false;        ///< first phase: nothing stood behind the cursor when it was last read
  std::uint64_t read_epoch = 0;  ///< insertion epoch of the phase at that read
  std::uint32_t run_size = 0;    ///< records of the next read; grows while the lane is drained fast
  bool wanted = false;           ///< the worker asked for more
  std::optional<Instant> parked_until;
  bool unpark_when_settled = false;  ///< its time has come, but attempts of it are still under way

  std::vector<std::pair<DueSecond, Row>> rows;  ///< retry phase: records in memory, sorted
  std::optional<DueSecond> left_due;  ///< retry phase: the scan passed records of it, the earliest due then
  bool hungry = false;                ///< retry phase: waits for its turn to read those

  struct OpenRun {
    std::uint32_t number;
    std::uint32_t left;  ///< records not settled
    Row first_row;       ///< first phase
  };
  std::vector<OpenRun> runs;  ///< few, oldest first
  std::uint32_t next_run = 1;
  std::uint32_t received_run = 0;  ///< highest run number a worker said it has received
  std::uint64_t outstanding = 0;

  /// Empties it for the next lane of its slot; small buffers are kept.
  void clear();
  void drop_settled_runs() {
    const auto open = std::find_if(runs.begin(), runs.end(), [](const OpenRun& run) { return run.left > 0; });
    runs.erase(runs.begin(), open);
  }
  /// First phase: the key of this row, and the first key behind the lane.
  [[nodiscard]] std::string key_of(Row row) const {
    return RecordKey{stream->id, Phase::first, 0, domain, row}.encode();
  }
  [[nodiscard]] std::string end() const {
    return behind_domain(RecordKey{stream->id, Phase::first, 0, domain, 0});
  }
  /// First phase: no row of the lane before this one is unsettled.
  [[nodiscard]] Row low() const { return runs.empty() ? next_row : runs.front().first_row; }
  /// Retry phase. False: the record is in memory already.
  bool add_row(DueSecond due, Row row) {
    const std::pair entry{due, row};
    const auto at = std::lower_bound(rows.begin(), rows.end(), entry);
    if (at != rows.end() && *at == entry) return false;
    rows.insert(at, entry);
    return true;
  }
  void erase_row(DueSecond due, Row row) {
    const std::pair entry{due, row};
    const auto at = std::lower_bound(rows.begin(), rows.end(), entry);
    if (at != rows.end() && *at == entry) rows.erase(at);
  }
};

class LaneTable {
 public:
  LaneTable() = default;
  LaneTable(const LaneTable&) = delete;
  LaneTable& operator=(const LaneTable&) = delete;

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
  struct Name {
    StreamId stream;
    Phase phase;
    std::string_view domain;
    friend bool operator==(const Name&, const Name&) = default;
  };
  [[nodiscard]] Name name_of(std::uint32_t slot) const {
    const auto& lane = lanes_[slot];
    return {lane.stream->id, lane.phase, lane.domain};
  }
  /// The set holds slots and is asked by name.
  struct Hash {
    using is_transparent = void;
    const LaneTable* table;
    std::size_t operator()(const Name& name) const;
    std::size_t operator()(std::uint32_t slot) const { return (*this)(table->name_of(slot)); }
  };
  struct Equal {
    using is_transparent = void;
    const LaneTable* table;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(const Name& a, std::uint32_t b) const { return a == table->name_of(b); }
    bool operator()(std::uint32_t a, const Name& b) const { return table->name_of(a) == b; }
  };

  std::deque<FeederLane> lanes_;  // a deque: addresses stay while it grows
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_set<std::uint32_t, Hash, Equal> index_{0, Hash{this}, Equal{this}};
};

}  // namespace sluice::queue
