// Sending windows: the weekly times at which a campaign may send, "mon-fri 09:00-18:00", in a time zone.
//
// A window is one unbroken stretch from the first moment the zone's clock shows its start to the first moment
// it shows its end. Where daylight saving skips that time, the moment of the skip stands for it; where it is
// shown twice, the first counts. A stretch that begins before midnight and ends after it ("fri 22:00-02:00")
// belongs to the day it begins on.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"
#include "engine/campaign/zone.hpp"

namespace sluice::campaign {

struct Window {
  std::uint8_t days = 0;    ///< bit 0 = Monday … bit 6 = Sunday
  std::uint16_t start = 0;  ///< minutes after midnight, 0 … 1439
  std::uint16_t end = 0;    ///< minutes, 1 … 1440; at or below start means on the next day

  friend bool operator==(const Window&, const Window&) = default;
};

/// DAYS HH:MM-HH:MM, DAYS = `daily` or day names and ranges with commas: "mon-thu,sat 09:00-18:00". 24:00 may
/// end.
[[nodiscard]] Expected<Window> parse_window(std::string_view text);

/// No windows at all means always open.
class Windows {
 public:
  static constexpr std::size_t kMaxWindows = 50;

  Windows() = default;
  explicit Windows(std::vector<Window> windows) : windows_(std::move(windows)) {}

  [[nodiscard]] bool always_open() const { return windows_.empty(); }
  [[nodiscard]] bool open_at(Instant at, const Zone& zone) const;
  /// `at` itself when open, else the next moment that is. Instant::max() only when a year of weeks has none
  /// (each one swallowed by a clock change).
  [[nodiscard]] Instant next_opening(Instant at, const Zone& zone) const;
  /// When the stretch that holds `at` ends; the latest, of several. `at` itself when it is shut,
  /// Instant::max() when always open.
  [[nodiscard]] Instant closing(Instant at, const Zone& zone) const;
  [[nodiscard]] const std::vector<Window>& list() const { return windows_; }

 private:
  std::vector<Window> windows_;
};

}  // namespace sluice::campaign
