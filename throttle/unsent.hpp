// Which limits get a permit back when the message it was granted for is not sent after all: its connection
// ended before its turn, or its lease was refused.
#pragma once

#include "throttle/limit.hpp"

namespace sluice::throttle {

/// Tokens a second. Remembering what a message holds costs a map entry; above this rate a token is worth
/// less. Where nothing was given back, 2 to 8 % of a rate were lost (bench/throttle_rates.py: 4 sources, 50
/// domains).
inline constexpr double kFastestGivenBack = 5000;

[[nodiscard]] inline bool gets_unsent_back(const Limit& limit) {
  return limit.saved() || (limit.is_bucket() && limit.per_second() <= kFastestGivenBack);
}

}  // namespace sluice::throttle
