// The pictures of report.html: inline SVG for shapes, HTML beside it for words, so that words keep their size
// when the picture shrinks.
#pragma once

#include <cstdint>
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

/// Stacked columns over time: delivered, bounced, deferred. At most kMaxColumns: neighbours are added up.
[[nodiscard]] std::string time_chart(const std::vector<ReportBucket>& buckets);
inline constexpr std::size_t kMaxColumns = 90;

/// A small bar for a table cell: delivered of all, bounced of all.
[[nodiscard]] std::string cell_bar(std::uint64_t delivered, std::uint64_t bounced, std::uint64_t all);

/// 1,234,567
[[nodiscard]] std::string grouped(std::uint64_t n);
/// 12.3 %; small shares keep digits that tell them from nothing: "0.04 %", "< 0.01 %".
[[nodiscard]] std::string percent(std::uint64_t part, std::uint64_t all);
/// "850 ms", "12 s", "4 min 10 s", "3 h 5 min", "2 d 4 h".
[[nodiscard]] std::string duration_text(Micros duration);
/// The next 1, 2, 2.5 or 5 times a power of ten at or above n; at least 1.
[[nodiscard]] std::uint64_t round_up(std::uint64_t n);

}  // namespace sluice::campaign
