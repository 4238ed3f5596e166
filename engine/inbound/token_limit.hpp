// How often one token may come back: a table of fixed size, emptied every span.
//
// Two tokens may share a place and then share the limit, at worst too early by one message in 65,536. One
// owner thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"

namespace sluice::inbound {

class TokenLimit {
 public:
  TokenLimit(std::size_t most, std::chrono::minutes span) : most_(most), span_(span) {}

  /// One more message; false when that is too many.
  [[nodiscard]] bool take(const MessageId& id, Instant now) {
    if (now >= ends_) {
      counts_.fill(0);
      ends_ = now + span_;
    }
    auto& count = counts_[((id.low ^ id.high) * 0x9e3779b97f4a7c15ULL) >> 48];
    if (count >= most_) return false;
    ++count;
    return true;
  }

 private:
  const std::size_t most_;
  const std::chrono::minutes span_;
  Instant ends_{};
  std::array<std::uint16_t, 65'536> counts_{};
};

}  // namespace sluice::inbound
