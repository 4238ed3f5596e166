// When a batch that failed is tried again. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/base/random.hpp"

namespace sluice::webhook {

/// Doubles with each failure in a row from `least` to `most`, less up to a half at random, so that endpoints
/// that fell together do not come back together. What the receiver asked for (Retry-After) is kept where it
/// is longer.
[[nodiscard]] inline std::chrono::milliseconds back_off(unsigned failures, std::chrono::milliseconds least,
                                                        std::chrono::milliseconds most,
                                                        std::optional<std::chrono::milliseconds> asked,
                                                        Random& random) {
  auto wait = least;
  for (unsigned i = 1; i < failures && wait < most; ++i) wait *= 2;
  wait = std::min(wait, most);
  wait -= std::chrono::milliseconds(random.below(static_cast<std::uint64_t>(wait.count()) / 2 + 1));
  return asked ? std::max(wait, *asked) : wait;
}

}  // namespace sluice::webhook
