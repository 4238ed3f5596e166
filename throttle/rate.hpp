// A rate as operators write it: "10/s", "50/min", "1,000/hr", "10_000/d", "1/10min", with an optional
// " burst 20".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"

namespace sluice::throttle {

/// Largest count a rate or burst may name. Above it a token is shorter than the bucket's tick.
inline constexpr std::uint64_t kMaxRateCount = 1'000'000'000'000;
/// Fastest rate, in tokens a second: one token is three ticks of a bucket.
inline constexpr std::uint64_t kMaxPerSecond = 1'000'000'000;
/// Most units a period may span ("1/366d").
inline constexpr std::uint64_t kMaxUnits = 366;
/// A rate without a burst may be taken this far ahead (at least one token). Wake-ups are coarser than one
/// token of a fast rate: with a burst of 1, 5,000/s woken every millisecond would give 1,000/s.
inline constexpr Micros kDefaultBurstSpan{50'000};

/// `count` tokens each `period`, of which `burst` may be taken at once. A value; compares by meaning of each
/// field.
struct Rate {
  std::uint64_t count = 1;                 ///< 1 … kMaxRateCount
  Micros period{std::chrono::seconds(1)};  ///< 1 … kMaxUnits seconds, minutes, hours or days
  std::uint64_t burst = 0;                 ///< 0: the default of kDefaultBurstSpan

  /// count [, or _ between digits] "/" [units] unit [" burst " count]; units s sec second, min minute, h hr
  /// hour, d day. The error quotes the text and names the first thing wrong with it.
  [[nodiscard]] static Expected<Rate> parse(std::string_view text);

  /// The burst that applies: the one given, or the default.
  [[nodiscard]] std::uint64_t effective_burst() const;

  /// This share of it, never above it: rounded down to what text() can say, at least 1 in kMaxUnits days. The
  /// burst shrinks alike, to 1 at least. `share` is in (0, 1].
  [[nodiscard]] Rate scaled(double share) const;

  /// Parses back to an equal Rate: "1000/h burst 5".
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Rate&, const Rate&) = default;
};

[[nodiscard]] inline std::string to_string(const Rate& rate) { return rate.text(); }

}  // namespace sluice::throttle
