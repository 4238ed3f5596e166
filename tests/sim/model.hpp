// The truth the engine is held to: every recipient handed to it, what the receivers took, and what the feed
// has said about it. Lives through crashes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "queue/counters.hpp"
#include "queue/event.hpp"
#include "queue/stream.hpp"
#include "tests/sim/world.hpp"

namespace sluice::sim {

struct Recipient {
  std::uint8_t taken = 0;     ///< copies a receiver has
  std::uint8_t doubts = 0;    ///< in_doubt events
  std::uint8_t failures = 0;  ///< attempts that ended otherwise than taken
  bool final = false;
  bool under_way = false;  ///< an attempt began, and how it ended is not on disk
};

struct StreamTruth {
  std::uint64_t planned = 0;                               ///< rows of its list
  std::uint64_t handed = 0;                                ///< rows given to the queue
  std::uint64_t accepted = 0;                              ///< rows it reported durable
  bool injecting = false;                                  ///< an injection is not reported yet
  queue::StreamState state = queue::StreamState::running;  ///< as last reported
  queue::StreamState asked = queue::StreamState::running;  ///< as last asked for
  queue::Counters counted;                                 ///< by events: finals, deferrals, doubts
  std::vector<Recipient> rows;                             ///< as many as handed
};

struct Who {
  StreamId stream = 0;
  Row row = 0;
};

class Model {
 public:
  explicit Model(World& world) : world_(world) {}

  [[nodiscard]] std::map<StreamId, StreamTruth>& streams() { return streams_; }
  [[nodiscard]] Recipient& recipient(Who who);
  /// Of an address made by local_of().
  [[nodiscard]] Who who(std::string_view address) const;
  [[nodiscard]] static std::string local_of(Who who);

  // -- at the receivers
  /// MAIL FROM left. `state` is its stream's.
  void begins(Who who, queue::StreamState state);
  /// The attempt turned out not to have begun: the connection was gone before it.
  void takes_back(Who who);
  void taken(Who who);
  void failed(Who who);

  // -- from the feed, in order
  void on_event(std::uint64_t seq, const queue::Event& event);
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
  [[nodiscard]] std::uint64_t finals() const { return finals_; }
  void set_assume_delivered(bool assume) { assume_delivered_ = assume; }

  /// Every attempt that was under way must have been found by now.
  void check_none_under_way(const char* when);

 private:
  void on_final(Who who, Recipient& recipient, const queue::Event& event);
  [[noreturn]] void fail(Who who, const std::string& claim);

  World& world_;
  std::map<StreamId, StreamTruth> streams_;
  std::uint64_t last_seq_ = 0;
  std::uint64_t finals_ = 0;
  bool assume_delivered_ = false;
};

}  // namespace sluice::sim
