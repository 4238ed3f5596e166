#include "engine/campaign/report_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace sluice::campaign {
namespace {

constexpr double kWidth = 900;
constexpr double kHeight = 200;

std::vector<ChartColumn> thinned(const std::vector<ChartColumn>& columns) {
  const std::size_t group = (columns.size() + kMaxColumns - 1) / kMaxColumns;
  if (group <= 1) return columns;
  std::vector<ChartColumn> out;
  for (std::size_t i = 0; i < columns.size(); i += group) {
    auto sum = columns[i];
    for (std::size_t j = i + 1; j < std::min(i + group, columns.size()); ++j)
      for (std::size_t k = 0; k < sum.counts.size(); ++k) sum.counts[k] += columns[j].counts[k];
    out.push_back(std::move(sum));
  }
  return out;
}

std::uint64_t total(const ChartColumn& column) {
  return std::accumulate(column.counts.begin(), column.counts.end(), std::uint64_t{0});
}

std::string one_column(const ChartColumn& column, const std::vector<ChartSeries>& series, double x,
                       double width, std::uint64_t top) {
  std::string out = fmt::format("<g><title>{} UTC", to_rfc3339(column.start).substr(0, 19));
  for (std::size_t k = 0; k < series.size(); ++k) {
    if (column.counts[k] != 0) out += fmt::format(", {} {}", series[k].name, grouped(column.counts[k]));
  }
  // An unseen rectangle of full height, so that the title shows wherever one points.
  out += fmt::format("</title><rect class=\"hit\" x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"{}\"/>", x,
                     width, kHeight);
  double y = kHeight;
  for (std::size_t k = 0; k < series.size(); ++k) {
    if (column.counts[k] == 0) continue;
    const double share = static_cast<double>(column.counts[k]) / static_cast<double>(top);
    const double height = std::max(share * kHeight, 0.75);
    y -= height;
    out += fmt::format("<rect class=\"f-{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/>",
                       series[k].css, x + width * 0.09, std::max(y, 0.0), width * 0.82, height);
  }
  return out + "</g>";
}

/// Words beside the picture: the heights at the left.
std::string frame(std::uint64_t top, std::string_view label) {
  std::string out = fmt::format(
      "<div class=\"chart\"><div class=\"y\"><span>{}</span><span>{}</span><span>0</span></div>"
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
      grouped(top), top > 1 ? grouped(top / 2) : std::string(), kWidth, kHeight, label);
  for (const double y : {0.5, kHeight / 2, kHeight - 0.5}) {
    out += fmt::format("<line class=\"grid\" x1=\"0\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", kWidth, y, y);
  }
  return out;
}

std::string legend(const std::vector<ChartPart>& parts, std::uint64_t all) {
  std::string out = "<ul class=\"legend\">";
  for (const auto& part : parts) {
    if (part.count == 0) continue;
    out += fmt::format("<li><i class=\"b-{}\"></i>{} <b>{}</b>", part.css, part.name, grouped(part.count));
    if (all != 0) out += fmt::format(" <span>{}</span>", share_text(part.count, all));
    out += "</li>";
  }
  return out + "</ul>";
}

}  // namespace

std::string share_bar(const std::vector<ChartPart>& parts) {
  std::uint64_t all = 0;
  for (const auto& part : parts) all += part.count;
  if (all == 0) return "<p class=\"quiet\">Nobody was mailed.</p>";
  std::string out = "<div class=\"share\" role=\"img\" aria-label=\"Outcome of all recipients\">";
  for (const auto& part : parts) {
    if (part.count == 0) continue;
    out += fmt::format("<i class=\"b-{}\" style=\"flex-grow:{}\" title=\"{} {}\"></i>", part.css, part.count,
                       part.name, grouped(part.count));
  }
  return out + "</div>" + legend(parts, all);
}

std::string time_label(Instant at, Instant::duration span) {
  const auto text = to_rfc3339(at);
  if (span >= std::chrono::hours(24)) return text.substr(5, 5) + ' ' + text.substr(11, 5);
  return text.substr(11, span < std::chrono::minutes(10) ? 8 : 5);
}

std::string time_chart(const std::vector<ChartColumn>& all, const std::vector<ChartSeries>& series,
                       std::string_view label, std::string_view nothing) {
  const auto columns = thinned(all);
  std::uint64_t most = 0;
  std::vector<ChartPart> sums;
  for (const auto& one : series) sums.push_back({one.name, one.css, 0});
  for (const auto& column : columns) {
    most = std::max(most, total(column));
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k].count += column.counts[k];
  }
  if (most == 0) return fmt::format("<p class=\"quiet\">{}</p>", nothing);
  const auto top = round_up(most);
  const double width = kWidth / static_cast<double>(columns.size());
  auto out = frame(top, label);
  for (std::size_t i = 0; i < columns.size(); ++i)
    out += one_column(columns[i], series, static_cast<double>(i) * width, width, top);
  out += "</svg><div class=\"x\">";
  const auto span = columns.back().start - columns.front().start;
  std::set<std::size_t> marks{0, columns.size() / 2, columns.size() - 1};
  for (const std::size_t i : marks) out += "<span>" + time_label(columns[i].start, span) + "</span>";
  return out + "</div></div>" + legend(sums, 0);
}

std::string span_bar(Instant from, std::optional<Instant> until, Instant first, Instant last,
                     std::string_view css) {
  const auto whole = static_cast<double>(std::max<std::int64_t>(1, (last - first).count()));
  const auto place = [&](Instant at) {
    return std::clamp(static_cast<double>((at - first).count()) / whole * 100, 0.0, 100.0);
  };
  const double left = std::min(place(from), 99.5);
  const double right = until ? place(*until) : 100.0;
  return fmt::format("<div class=\"span\"><i class=\"b-{}\" style=\"left:{:.2f}%;width:{:.2f}%\"></i></div>",
                     css, left, std::max(right - left, 0.5));
}

std::string grouped(std::uint64_t n) {
  auto out = std::to_string(n);
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, 1, ',');
  }
  return out;
}

std::string percent(std::uint64_t part, std::uint64_t all) {
  if (all == 0 || part == 0) return "0 %";
  if (part == all) return "100 %";
  const double share = static_cast<double>(part) / static_cast<double>(all) * 100;
  if (share < 0.01) return "< 0.01 %";
  if (share < 1) return fmt::format("{:.2f} %", share);
  return fmt::format("{:.1f} %", std::min(share, 99.9));  // never 100 while somebody is missing
}

std::string share_text(std::uint64_t part, std::uint64_t all) {
  std::string out;
  for (const char c : percent(part, all)) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == ' ') {
      out += "&#160;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string duration_text(Micros duration) {
  const auto ms = duration.count() / 1000;
  if (ms < 1000) return fmt::format("{} ms", ms);
  const auto s = ms / 1000;
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

std::uint64_t round_up(std::uint64_t n) {
  for (std::uint64_t power = 1; power < 1'000'000'000'000'000'000; power *= 10) {
    for (const std::uint64_t step : {1u, 2u, 3u, 4u, 6u, 8u}) {
      if (step == 3 && power == 1) continue;  // the middle line would stand at no whole number
      if (step * power >= n) return step * power;
    }
  }
  return n;
}

}  // namespace sluice::campaign
