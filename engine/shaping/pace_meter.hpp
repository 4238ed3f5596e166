// How fast one place took mail in the last seconds: a ring of whole seconds. One owner thread.
#pragma once

#include <array>
#include <cstdint>

#include "engine/shaping/back_off.hpp"

namespace sluice::shaping {

class PaceMeter {
 public:
  void add(Instant now, std::uint64_t tried, std::uint64_t taken);
  /// Over the seconds since the first of the last kSeconds in which anything was tried, at least one.
  [[nodiscard]] Pace pace(Instant now) const;

 private:
  static constexpr std::int64_t kSeconds = 10;
  struct Slot {
    std::int64_t second = -1;
    std::uint64_t tried = 0;
    std::uint64_t taken = 0;
  };
  std::array<Slot, kSeconds> slots_{};
};

}  // namespace sluice::shaping
