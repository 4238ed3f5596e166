// How many records wait, by group (provider), state and age, and of each stream by group: counted by walking
// the queue, some records a step, so that nobody is held up. The numbers are those of the walk: exact for a
// queue that stood still, an estimate while it moves.
//
// One thread. Leased records count as what they were when read.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/store/database.hpp"
#include "queue/key.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {

/// Since acceptance: below 5 minutes, 1 hour, 6 hours, 24 hours, and older.
inline constexpr std::array<std::int64_t, 4> kAgeLimitsMs{300'000, 3'600'000, 21'600'000, 86'400'000};
inline constexpr std::array<const char*, 5> kAgeNames{"5m", "1h", "6h", "24h", "older"};

struct CensusGroup {
  std::uint64_t records = 0;
  std::uint64_t ready = 0;
  std::uint64_t deferred = 0;
  std::uint64_t held = 0;
  std::uint64_t paused_ready = 0;  ///< of the ready: their stream may not send now
  std::uint64_t paused_deferred = 0;
  std::array<std::uint64_t, 5> ages{};
  std::int64_t oldest_ms = 0;  ///< acceptance of the oldest; 0: none
  /// Since when the oldest of each state waits; 0: none. Ready ones since they could be sent, others since
  /// acceptance. Those whose stream may not send are `paused` here, and neither ready nor deferred.
  std::int64_t ready_since_ms = 0;
  std::int64_t deferred_since_ms = 0;
  std::int64_t held_since_ms = 0;
  std::int64_t paused_since_ms = 0;
};

struct CensusResult {
  Instant begun{};
  Instant ended{};
  std::uint64_t records = 0;
  std::map<std::string, CensusGroup, std::less<>> groups;
  /// Records of each stream by group; streams met beyond Census::kMaxShares rows are not in it.
  std::map<StreamId, std::map<std::string, std::uint64_t, std::less<>>> streams;
};

class Census {
 public:
  static constexpr std::size_t kMaxGroups = 256;     ///< further ones count as "other"
  static constexpr std::size_t kMaxShares = 16'384;  ///< rows of CensusResult::streams

  using GroupOf = std::function<std::string(std::string_view domain)>;

  Census(const store::Database& database, const StreamTable& streams, GroupOf group_of)
      : database_(database), streams_(streams), group_of_(std::move(group_of)) {}

  /// Walks on over at most so many records, from the beginning when the last walk has ended. True: this step
  /// ended the walk, and last() is its result.
  [[nodiscard]] Expected<bool> step(Instant now, std::size_t max_records);
  /// The last walk that ended; `ended` is 0 before the first.
  [[nodiscard]] const CensusResult& last() const { return last_; }
  [[nodiscard]] const CensusResult& counting() const { return counting_; }
  [[nodiscard]] bool under_way() const { return !at_.empty(); }

 private:
  void count(std::string_view key, std::string_view value, bool may_send, Instant now);
  /// From now on records of the stream to the domain are counted.
  void turn_to(StreamId stream, std::string_view domain);

  const store::Database& database_;
  const StreamTable& streams_;
  const GroupOf group_of_;
  std::string at_;  ///< next key; empty: between two walks
  StreamId stream_ = 0;
  std::string domain_;
  CensusGroup* group_ = nullptr;    ///< of domain_
  std::uint64_t* share_ = nullptr;  ///< of stream_ and domain_; null: too many of them
  std::size_t shares_ = 0;
  CensusResult counting_;
  CensusResult last_;
};

}  // namespace sluice::queue
