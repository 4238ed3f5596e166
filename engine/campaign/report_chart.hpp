// The pictures of report.html: inline SVG for shapes, HTML beside it for words, so that words keep their size
// when the picture shrinks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/campaign/report.hpp"

namespace sluice::campaign {

struct ChartPart {
  std::string_view name;  ///< for people; trusted
  std::string_view css;   ///< class that colours it
  std::uint64_t count = 0;
};

/// One bar cut in proportion, with a legend. Parts of zero are left out; something small stays visible.
[[nodiscard]] std::string share_bar(const std::vector<ChartPart>& parts);

struct ChartColumn {
  Instant start;
  std::vector<std::uint64_t> counts;  ///< one for each series
};
struct ChartSeries {
  std::string_view name;  ///< for people; trusted
  std::string_view css;   ///< class that colours it
};

/// Stacked columns over time with a legend of the sums. At most kMaxColumns: neighbours are added up.
/// `nothing` stands there when all is 0. Texts are trusted.
[[nodiscard]] std::string time_chart(const std::vector<ChartColumn>& columns,
                                     const std::vector<ChartSeries>& series, std::string_view label,
                                     std::string_view nothing);
inline constexpr std::size_t kMaxColumns = 90;

/// A bar from one moment to another on a line from `first` to `last`; nothing: to the end. `css` colours it.
[[nodiscard]] std::string span_bar(Instant from, std::optional<Instant> until, Instant first, Instant last,
                                   std::string_view css);

/// "12-01 08:00" or "08:00:05": what tells moments within such a span apart. UTC.
[[nodiscard]] std::string time_label(Instant at, Instant::duration span);

/// 1,234,567
[[nodiscard]] std::string grouped(std::uint64_t n);
/// 12.3 %; small shares keep digits that tell them from nothing: "0.04 %", "< 0.01 %".
[[nodiscard]] std::string percent(std::uint64_t part, std::uint64_t all);
/// percent() for a page: escaped, and never broken over two lines.
[[nodiscard]] std::string share_text(std::uint64_t part, std::uint64_t all);
/// "850 ms", "12 s", "4 min 10 s", "3 h 5 min", "2 d 4 h".
[[nodiscard]] std::string duration_text(Micros duration);
/// The next 1, 2, 3, 4, 6 or 8 times a power of ten at or above n; at least 1.
[[nodiscard]] std::uint64_t round_up(std::uint64_t n);

}  // namespace sluice::campaign
