// How often one token may come back: a table of fixed size, emptied every span.
//
// Two tokens may share a place and then share the limit: with 18 million bounces an hour, four a place, less
// than one in a million comes too early. 4 MiB. One owner thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"

namespace sluice::inbound {

class TokenLimit {
 public:
  /// `most` is 255 at the most.
  TokenLimit(std::size_t most, std::chrono::minutes span)
      : most_(std::min<std::size_t>(most, 255)), span_(span), counts_(kPlaces) {}

  /// One more message; false when that is too many.
  [[nodiscard]] bool take(const MessageId& id, Instant now) {
    if (now >= ends_) {
      std::ranges::fill(counts_, std::uint8_t{0});
      ends_ = now + span_;
    }
    auto& count = counts_[((id.low ^ id.high) * 0x9e3779b97f4a7c15ULL) >> (64 - kPlaceBits)];
    if (count >= most_) return false;
    ++count;
    return true;
  }

 private:
  static constexpr unsigned kPlaceBits = 22;
  static constexpr std::size_t kPlaces = std::size_t{1} << kPlaceBits;

  const std::size_t most_;
  const std::chrono::minutes span_;
  Instant ends_{};
  std::vector<std::uint8_t> counts_;
};

}  // namespace sluice::inbound
