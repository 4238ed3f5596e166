// Expiry of mail that nobody asks for: what is parked on a limit, paused or held expires as the rest does.
//
// A walk over a stream's records is due when the first of them can have expired, so a queue that moves is
// hardly ever walked. A step looks at a bounded number of records and writes a bounded number of finals.
//
// One thread (control); a step blocks for its commits.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "queue/queue.hpp"

namespace sluice::queue {

struct SweeperOptions {
  std::size_t step_records = 20'000;       ///< looked at in one step
  std::size_t step_finals = 2 * kMaxEdit;  ///< given in one step
  std::chrono::seconds between_walks{30};  ///< of one stream, at least
};

class Sweeper {
 public:
  Sweeper(Queue& queue, const Clock& clock, SweeperOptions options = {})
      : queue_(queue), clock_(clock), options_(options) {}

  /// How many records it expired.
  [[nodiscard]] Expected<std::uint64_t> step();

 private:
  struct Walk {
    Instant due{};   ///< of the next walk, or of this one
    std::string at;  ///< next key; empty: no walk is under way
    Instant begun{};
    std::int64_t earliest_ms = INT64_MAX;  ///< expiry of what this walk has left
  };

  Walk& walk_of(const Stream& stream);
  Expected<std::uint64_t> walk_on(const Stream& stream, Walk& walk, std::size_t& records);

  Queue& queue_;
  const Clock& clock_;
  const SweeperOptions options_;
  std::map<StreamId, Walk> walks_;
};

}  // namespace sluice::queue
