#include "engine/app/demo_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>

#include "engine/app/campaign_view.hpp"
#include "engine/app/table.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kNameColumns = 13;
constexpr std::size_t kMostBar = 36;
constexpr std::size_t kLeastBar = 8;
constexpr std::size_t kWaitColumns = 26;  ///< the bar gives way to them

std::string number(double value) { return grouped(static_cast<std::int64_t>(value)); }
std::string number(std::uint64_t value) { return grouped(static_cast<std::int64_t>(value)); }

std::size_t bar_columns(std::size_t used, const Terminal& terminal) {
  const auto rest = terminal.width > used + kWaitColumns ? terminal.width - used - kWaitColumns : 0;
  return std::clamp(rest, kLeastBar, kMostBar);
}

/// Styles cost no columns, so the line is cut before it is coloured: the tail alone gives way.
std::string line_of(const std::string& name, double done, const std::string& counts, const std::string& tail,
                    Style bar_style, Style tail_style, const Terminal& terminal) {
  const auto used = kNameColumns + 1 + display_width(counts) + 2;
  const auto columns = bar_columns(used, terminal);
  const auto left = terminal.width > used + columns ? terminal.width - used - columns : 0;
  return pad_to(cut_to(name, kNameColumns), kNameColumns) + ' ' +
         styled(terminal, bar_style, bar(done, columns)) + counts + "  " +
         styled(terminal, tail_style, cut_to(tail, left));
}

std::string row_line(const DemoRow& row, const Terminal& terminal) {
  const auto counts =
      fmt::format(" {:>4.0f}% {:>7}/{:<7} {:>5}/s {:>2} conn", row.done() * 100, number(row.finals()),
                  number(row.recipients), number(row.per_second), row.connections);
  const bool over = row.finals() >= row.recipients;
  auto tail = wait_text(row.waits_for);
  if (over) tail = fmt::format("done, {} bounced", number(row.bounced));
  if (tail.empty() && row.deferred > 0) tail = fmt::format("{} put off so far", number(row.deferred));
  return line_of(row.name, row.done(), counts, tail, over ? Style::green : Style::plain,
                 over ? Style::dim : Style::yellow, terminal);
}

}  // namespace

double DemoRow::done() const {
  if (recipients == 0) return 1;
  // 100 % only when it is: the last of many thousands must not vanish in rounding
  const auto share = static_cast<double>(finals()) / static_cast<double>(recipients);
  return finals() >= recipients ? 1 : std::min(share, 0.99);
}

double DemoMoment::per_second() const {
  double sum = 0;
  for (const auto& row : providers) sum += row.per_second;
  return sum;
}

double DemoMoment::seconds_left() const {
  double longest = 0;
  for (const auto& row : providers) {
    if (row.finals() >= row.recipients) continue;
    if (row.per_second < 1) return -1;
    longest = std::max(longest, static_cast<double>(row.recipients - row.finals()) / row.per_second);
  }
  return longest;
}

std::string wait_text(const std::string& waits_for) {
  constexpr std::string_view kBackOff = "back-off: ";
  if (waits_for.starts_with(kBackOff)) return "backs off: " + safe_text(waits_for.substr(kBackOff.size()));
  constexpr std::string_view kRate = "message_rate ";
  const auto rate = waits_for.find(kRate);
  if (rate == std::string::npos) return safe_text(waits_for);
  const auto from = rate + kRate.size();
  return "at its limit of " + safe_text(waits_for.substr(from, waits_for.find_first_of(" ,", from) - from));
}

std::vector<std::string> demo_lines(const DemoMoment& moment, const Terminal& terminal) {
  std::vector<std::string> out;
  for (const auto& row : moment.providers) out.push_back(row_line(row, terminal));
  const auto done =
      moment.rows == 0 ? 0 : static_cast<double>(moment.over()) / static_cast<double>(moment.rows);
  std::size_t connections = 0;
  for (const auto& row : moment.providers) connections += row.connections;
  const auto counts =
      fmt::format(" {:>4.0f}% {:>7}/{:<7} {:>5}/s {:>2} conn", std::floor(done * 100), number(moment.over()),
                  number(moment.rows), number(moment.per_second()), connections);
  const auto left = moment.seconds_left();
  const auto tail =
      fmt::format("{} gone{}", short_duration(moment.seconds),
                  left > 0 ? fmt::format(", about {} left", short_duration(left)) : std::string());
  out.push_back(line_of("all", done, counts, tail, Style::bold, Style::bold, terminal));
  return out;
}

std::string demo_plain_line(const DemoMoment& moment) {
  auto out = fmt::format("{:>4}  {:>7} of {}  {:>5}/s ", short_duration(moment.seconds),
                         number(moment.over()), number(moment.rows), number(moment.per_second()));
  for (const auto& row : moment.providers) {
    out += fmt::format("  {} {:.0f}%", row.name, row.done() * 100);
    const auto waits = wait_text(row.waits_for);
    if (!waits.empty() && row.finals() < row.recipients) out += fmt::format(" ({})", waits);
  }
  return out;
}

boost::json::object demo_json(const DemoMoment& moment) {
  boost::json::array providers;
  for (const auto& row : moment.providers) {
    providers.push_back(boost::json::object{{"provider", row.name},
                                            {"recipients", row.recipients},
                                            {"delivered", row.delivered},
                                            {"bounced", row.bounced},
                                            {"deferred", row.deferred},
                                            {"rate_per_s", row.per_second},
                                            {"connections", row.connections},
                                            {"waits_for", row.waits_for}});
  }
  return {{"event", "progress"},
          {"seconds", moment.seconds},
          {"rows", moment.rows},
          {"over", moment.over()},
          {"delivered", moment.counters.delivered},
          {"bounced", moment.counters.bounced},
          {"queued", moment.counters.queued()},
          {"rate_per_s", moment.per_second()},
          {"providers", std::move(providers)}};
}

}  // namespace sluice::app
