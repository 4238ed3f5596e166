#include "engine/campaign/report_chart.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::campaign {
namespace {

constexpr double kWidth = 900;
constexpr double kHeight = 200;

std::vector<ReportBucket> thinned(const std::vector<ReportBucket>& buckets) {
  const std::size_t group = (buckets.size() + kMaxColumns - 1) / kMaxColumns;
  if (group <= 1) return buckets;
  std::vector<ReportBucket> out;
  for (std::size_t i = 0; i < buckets.size(); i += group) {
    ReportBucket sum = buckets[i];
    for (std::size_t j = i + 1; j < std::min(i + group, buckets.size()); ++j) {
      sum.delivered += buckets[j].delivered;
      sum.bounced += buckets[j].bounced;
      sum.deferred += buckets[j].deferred;
    }
    out.push_back(sum);
  }
  return out;
}

std::uint64_t total(const ReportBucket& bucket) {
  return bucket.delivered + bucket.bounced + bucket.deferred;
}

/// "11-25 19:00", "19:00" or "19:00:05": what tells the columns of such a span apart.
std::string time_label(Instant at, Instant::duration span) {
  const auto text = to_rfc3339(at);
  if (span >= std::chrono::hours(24)) return text.substr(5, 5) + ' ' + text.substr(11, 5);
  return text.substr(11, span < std::chrono::minutes(10) ? 8 : 5);
}

std::string column(const ReportBucket& bucket, double x, double width, std::uint64_t top) {
  std::string out = fmt::format("<g><title>{} UTC: {} delivered, {} bounced, {} deferred</title>",
                                to_rfc3339(bucket.start).substr(0, 16), grouped(bucket.delivered),
                                grouped(bucket.bounced), grouped(bucket.deferred));
  // An unseen rectangle of full height, so that the title shows wherever one points.
  out += fmt::format("<rect class=\"hit\" x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"{}\"/>", x, width,
                     kHeight);
  double y = kHeight;
  const auto stack = [&](std::uint64_t count, std::string_view css) {
    if (count == 0) return;
    const double height = std::max(static_cast<double>(count) / static_cast<double>(top) * kHeight, 0.75);
    y -= height;
    out += fmt::format("<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/>",
                       css, x + width * 0.09, std::max(y, 0.0), width * 0.82, height);
  };
  stack(bucket.delivered, "f-ok");
  stack(bucket.bounced, "f-bad");
  stack(bucket.deferred, "f-wait");
  return out + "</g>";
}

std::string legend(const std::vector<ChartPart>& parts, std::uint64_t all) {
  std::string out = "<ul class=\"legend\">";
  for (const auto& part : parts) {
    if (part.count == 0) continue;
    out += fmt::format("<li><i class=\"b-{}\"></i>{} <b>{}</b>", part.css, part.name, grouped(part.count));
    if (all != 0) out += fmt::format(" <span>{}</span>", percent(part.count, all));
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

std::string time_chart(const std::vector<ReportBucket>& buckets) {
  const auto columns = thinned(buckets);
  std::uint64_t most = 0;
  ReportBucket sum;
  for (const auto& bucket : columns) {
    most = std::max(most, total(bucket));
    sum.delivered += bucket.delivered;
    sum.bounced += bucket.bounced;
    sum.deferred += bucket.deferred;
  }
  if (most == 0) return "<p class=\"quiet\">No attempt was made.</p>";
  const auto top = round_up(most);
  const double width = kWidth / static_cast<double>(columns.size());
  std::string out = fmt::format(
      "<div class=\"chart\"><div class=\"y\"><span>{}</span><span>{}</span><span>0</span></div>"
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\""
      "Attempts over time\">",
      grouped(top), grouped(top / 2), kWidth, kHeight);
  for (const double y : {0.5, kHeight / 2, kHeight - 0.5}) {
    out += fmt::format("<line class=\"grid\" x1=\"0\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", kWidth, y, y);
  }
  for (std::size_t i = 0; i < columns.size(); ++i)
    out += column(columns[i], static_cast<double>(i) * width, width, top);
  out += "</svg><div class=\"x\">";
  const auto span = columns.back().start - columns.front().start;
  for (const std::size_t i : {std::size_t{0}, columns.size() / 2, columns.size() - 1}) {
    out += "<span>" + time_label(columns[i].start, span) + "</span>";
  }
  out += "</div></div>";
  return out + legend({{"Delivered", "ok", sum.delivered},
                       {"Bounced or expired", "bad", sum.bounced},
                       {"Put off", "wait", sum.deferred}},
                      0);
}

std::string cell_bar(std::uint64_t delivered, std::uint64_t bounced, std::uint64_t all) {
  if (all == 0) return "";
  const auto share = [&](std::uint64_t n) { return static_cast<double>(n) / static_cast<double>(all) * 100; };
  return fmt::format(
      "<div class=\"cell\"><i class=\"b-ok\" style=\"width:{:.2f}%\"></i><i class=\"b-bad\" "
      "style=\"width:{:.2f}%\"></i></div>",
      share(delivered), share(bounced));
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
