// First contact is refused, a later one accepted: (MAIL FROM, RCPT TO) pairs and when they were first seen.
// Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "engine/sink/guarded.hpp"

namespace sluice::sink {

class Greylist {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxPairs = 4'000'000;  ///< beyond, new pairs pass at once

  /// True when the pair was first seen at least `delay` ago.
  bool passes(std::string_view sender, std::string_view recipient, Clock::time_point now,
              Clock::duration delay);

 private:
  Guarded<std::unordered_map<std::uint64_t, Clock::time_point>> first_seen_;
};

}  // namespace sluice::sink
