// Keeps one trouble from filling the log: of each event so many lines a span, the rest counted.
//
// A span begins with an event's first line and ends after EpisodeOptions::span; what was left out in it is
// told once by take_ended(). Bounded: max_events names are told apart; what comes beyond shares one account.
// No clock and no threads of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"

namespace sluice::log {

struct EpisodeOptions {
  std::uint32_t lines = 50;  ///< of one event in a span; further ones are counted
  std::chrono::seconds span{60};
  std::size_t max_events = 512;  ///< names; beyond they are counted together as "others"
};

class Episodes {
 public:
  explicit Episodes(EpisodeOptions options = {}) : options_(options) {}

  /// Whether the line may be written; if not it is counted.
  [[nodiscard]] bool admit(std::string_view event, Instant now);

  struct LeftOut {
    std::string event;
    std::uint64_t lines = 0;
  };
  /// Of the spans that ended by `now`, those that left lines out. Each once.
  [[nodiscard]] std::vector<LeftOut> take_ended(Instant now);

 private:
  struct Span {
    Instant ends{};
    std::uint32_t written = 0;
    std::uint64_t left_out = 0;
  };

  const EpisodeOptions options_;
  std::map<std::string, Span, std::less<>> spans_;
  Instant first_end_ = Instant::max();  ///< of all spans, or earlier
};

}  // namespace sluice::log
