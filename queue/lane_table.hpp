// The lanes that have records in memory, or are parked with a time to come back. Feeder's thread only.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/run.hpp"

namespace sluice::queue {

/// What a lane is found by; the domain is hashed once.
struct LaneName {
  LaneName(StreamId of, Phase in, std::string_view to)
      : LaneName(of, in, to, std::hash<std::string_view>{}(to)) {}
  LaneName(StreamId of, Phase in, std::string_view to, std::uint64_t hash_of_domain)
      : stream(of), phase(in), domain(to), domain_hash(hash_of_domain) {}

  StreamId stream;
  Phase phase;
  std::string_view domain;
  std::uint64_t domain_hash;

  [[nodiscard]] std::uint64_t hash() const {
    return domain_hash ^
           (std::uint64_t{stream} << 1 | static_cast<std::uint64_t>(phase)) * 0x9e3779b97f4a7c15ULL;
  }
};

struct FeederLane {
  StreamPtr stream;
  Phase phase = Phase::first;
  std::string domain;
  std::uint64_t domain_hash = 0;
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
  /// A run of which records were given back may be gone, with rows to read before those of the next.
  [[nodiscard]] Row low() const {
    return runs.empty() ? next_row : std::min(next_row, runs.front().first_row);
  }
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
  [[nodiscard]] FeederLane* find(const LaneName& name);
  /// `stream` is the one the name says.
  FeederLane& add(StreamPtr stream, const LaneName& name);
  /// The lane a reference means, or null when it is gone.
  [[nodiscard]] FeederLane* at(LaneRef ref);
  void remove(FeederLane& lane);
  /// Slots are [0, slots()); null: the slot is free.
  [[nodiscard]] std::uint32_t slots() const { return slots_; }
  [[nodiscard]] FeederLane* in_slot(std::uint32_t slot) { return lane(slot).used ? &lane(slot) : nullptr; }
  [[nodiscard]] std::size_t size() const { return index_.size(); }

  template <class Fn>
  void for_each(Fn fn) {
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
      if (lane(slot).used) fn(lane(slot));
    }
  }

 private:
  /// The set keeps the hash beside the slot, so that growing or leaving does not touch the lanes; it is asked
  /// by name.
  struct Entry {
    std::uint64_t hash;
    std::uint32_t slot;
  };
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(const LaneName& name) const { return name.hash(); }
    std::size_t operator()(const Entry& entry) const { return entry.hash; }
  };
  struct Equal {
    using is_transparent = void;
    const LaneTable* table;
    bool operator()(const Entry& a, const Entry& b) const { return a.slot == b.slot; }
    bool operator()(const LaneName& a, const Entry& b) const {
      if (a.hash() != b.hash) return false;
      const auto& lane = table->lane(b.slot);
      return a.stream == lane.stream->id && a.phase == lane.phase && a.domain == lane.domain;
    }
    bool operator()(const Entry& a, const LaneName& b) const { return (*this)(b, a); }
  };

  static constexpr std::uint32_t kChunk = 256;  ///< lanes allocated together; their addresses stay
  [[nodiscard]] FeederLane& lane(std::uint32_t slot) const { return chunks_[slot / kChunk][slot % kChunk]; }

  std::vector<std::unique_ptr<FeederLane[]>> chunks_;
  std::uint32_t slots_ = 0;
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_set<Entry, Hash, Equal> index_{0, Hash{}, Equal{this}};
};

}  // namespace sluice::queue
