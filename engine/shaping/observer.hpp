// A worker's side of shaping: counts what was taken without a lock, looks refusals up in the rules, and
// reports. One owner thread.
#pragma once

#include <unordered_map>

#include "engine/shaping/engine.hpp"

namespace sluice::shaping {

class Observer {
 public:
  /// `engine` outlives it.
  explicit Observer(Engine& engine) : engine_(engine) {}

  /// An attempt that had an answer, or an opening refused with one.
  Verdict note(const Observation& what, Instant now);
  /// Reports what was counted; at least once a second.
  void flush(Instant now);

 private:
  struct Key {
    std::uint64_t path;
    StreamId stream;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::uint64_t>{}(key.path * 0x9e3779b97f4a7c15ULL + key.stream);
    }
  };

  Tally& tally(const Observation& what, Instant now);

  Engine& engine_;
  std::unordered_map<Key, Tally, Hash> tallies_;
};

/// The class says that there is no such recipient: no other receiver or time would take the message.
[[nodiscard]] bool is_hard(std::string_view bounce_class);
/// The class says that the receiver does not want our mail, whoever it is for.
[[nodiscard]] bool is_blocked(std::string_view bounce_class);
/// What a bounce of that class that came by mail is to the controllers.
[[nodiscard]] Feedback feedback_of(std::string_view bounce_class);

}  // namespace sluice::shaping
