// The daily ladder of an address that receivers do not know yet: how many messages it may send to one
// provider on a day, and when it goes a step up.
//
// Days are UTC. A day counts only if mail was sent on it; after a day with too many deferrals or complaints
// the step is held (FACTS.md §1: 0.5 % and 0.1 %). Past the last step the source is warm: no quota. Pure:
// `now` is an argument, the caller keeps the state and asks roll() first.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"

namespace sluice::throttle {

/// Days since 1970-01-01, UTC.
using Day = std::int32_t;
[[nodiscard]] constexpr Day day_of(Instant at) {
  return static_cast<Day>(std::chrono::floor<std::chrono::days>(at).time_since_epoch().count());
}
[[nodiscard]] constexpr Instant start_of(Day day) { return Instant(std::chrono::days(day)); }
/// "2026-12-01"; a day that is none: invalid_input.
[[nodiscard]] Expected<Day> parse_day(std::string_view text);
[[nodiscard]] std::string to_text(Day day);

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::size_t kMaxSteps = 100;

struct WarmupPlan {
  std::vector<std::uint64_t> ladder;  ///< messages a day, one entry a day that counts; each at least 1
  Day start = 0;                      ///< nothing is sent before it
  double most_deferrals = 0.005;      ///< of a day's attempts; as many or more hold the step
  double most_complaints = 0.001;
};

/// "standard": 50, 100, 500, 1k, 5k, 10k, 20k, 40k, 80k, 160k, 320k (FACTS.md §1); "gentle" rises half as
/// fast. Else a list, "50, 100, 1k": rising or not, 1 to kMaxSteps entries, with k or m for thousands and
/// millions. Says what is wrong and which names there are.
[[nodiscard]] Expected<std::vector<std::uint64_t>> parse_ladder(std::string_view text);

enum class WarmupHold : std::uint8_t { none, idle, deferrals, complaints };
[[nodiscard]] const char* name_of(WarmupHold hold);

/// Of one source at one provider; what is kept on disk.
struct WarmupState {
  Day day = 0;                         ///< whose counts these are
  std::uint32_t step = 0;              ///< index in the ladder; its size: warm
  std::uint64_t used = 0;              ///< of the day's quota
  std::uint64_t attempts = 0;          ///< that had an answer on the day
  std::uint64_t deferrals = 0;         ///< of them; greylisting is none
  std::uint64_t complaints = 0;        ///< that came in on the day
  WarmupHold held = WarmupHold::none;  ///< why the step did not rise when the day began

  void append_to(std::string& out) const;
  [[nodiscard]] static std::optional<WarmupState> decode(std::string_view bytes);
  friend bool operator==(const WarmupState&, const WarmupState&) = default;
};

/// Messages on the state's day: 0 before the start, kUnlimited when warm.
[[nodiscard]] std::uint64_t quota_of(const WarmupPlan& plan, const WarmupState& state);

/// A new day has begun since `state.day`: judges that day, sets step and hold, and empties the counts. False:
/// it is still the same day (or the clock went back).
bool roll(const WarmupPlan& plan, WarmupState& state, Instant now);

}  // namespace sluice::throttle
