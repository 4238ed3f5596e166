#include "throttle/rate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>

namespace sluice::throttle {
namespace {

struct Unit {
  std::string_view word;
  Micros period;
};

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// The first word of each period is the one text() prints.
constexpr std::array<Unit, 10> kUnits{{{"s", seconds(1)},
                                       {"sec", seconds(1)},
                                       {"second", seconds(1)},
                                       {"min", minutes(1)},
                                       {"minute", minutes(1)},
                                       {"h", hours(1)},
                                       {"hr", hours(1)},
                                       {"hour", hours(1)},
                                       {"d", hours(24)},
                                       {"day", hours(24)}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::unexpected<Error> refuse(std::string_view whole, std::string_view why) {
  constexpr std::size_t kShown = 60;
  std::string shown;
  for (const char c : whole.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte > 0x7e ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  if (whole.size() > kShown) shown += "…";
  return fail(ErrorCode::invalid_input, fmt::format("rate \"{}\": {}", shown, why));
}

/// Every ',' group after the first has three digits; '_' and ',' stand between digits.
bool separators_ok(std::string_view digits) {
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (is_digit(digits[i])) continue;
    if (i == 0 || i + 1 == digits.size() || !is_digit(digits[i - 1]) || !is_digit(digits[i + 1]))
      return false;
    if (digits[i] != ',') continue;
    const auto group = digits.substr(i + 1, digits.find_first_of(",_", i + 1) - (i + 1));
    if (group.size() != 3) return false;
  }
  return true;
}

Expected<std::uint64_t> parse_count(std::string_view whole, std::string_view text, std::string_view what) {
  if (text.empty()) return refuse(whole, fmt::format("the {} is missing, as in \"10/s burst 5\"", what));
  if (text.find_first_not_of("0123456789,_") != std::string_view::npos) {
    return refuse(whole, fmt::format("the {} is not a whole number", what));
  }
  if (!separators_ok(text)) {
    return refuse(whole, fmt::format("a separator in the {} is out of place; write 1,000 or 10_000", what));
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) continue;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > kMaxRateCount) return refuse(whole, fmt::format("the {} is above 1,000,000,000,000", what));
  }
  if (value == 0)
    return refuse(whole, fmt::format("the {} is zero; leave the limit out or suspend instead", what));
  return value;
}

Expected<Micros> parse_unit(std::string_view whole, std::string_view word) {
  std::uint64_t times = 1;
  if (const auto digits = std::min(word.find_first_not_of("0123456789"), word.size()); digits > 0) {
    const auto count = parse_count(whole, word.substr(0, digits), "number of units");
    if (!count) return std::unexpected(count.error());
    if (*count > kMaxUnits) return refuse(whole, "a period is at most 366 units");
    times = *count;
    word.remove_prefix(digits);
  }
  for (const auto& unit : kUnits) {
    if (unit.word == word) return unit.period * static_cast<std::int64_t>(times);
  }
  if (word.empty()) return refuse(whole, "the unit is missing after \"/\"; write s, min, h or d");
  if (word == "m") return refuse(whole, "unit \"m\" may mean minute or month; write min");
  return refuse(whole, "the unit is unknown; write s, min, h or d");
}

}  // namespace

Expected<Rate> Rate::parse(std::string_view text) {
  const auto body = trim(text);
  if (body.empty()) return refuse(text, "empty; write for example \"10/s\" or \"1,000/hr burst 20\"");
  const auto slash = body.find('/');
  if (slash == std::string_view::npos)
    return refuse(text, "\"/\" and a unit are missing; write for example 10/s");

  const auto after = trim(body.substr(slash + 1));
  const auto space = after.find_first_of(" \t");
  const auto unit = after.substr(0, space);
  const auto tail = space == std::string_view::npos ? std::string_view{} : trim(after.substr(space));

  const auto count = parse_count(text, trim(body.substr(0, slash)), "count");
  if (!count) return std::unexpected(count.error());
  const auto period = parse_unit(text, unit);
  if (!period) return std::unexpected(period.error());
  Rate rate{*count, *period, 0};
  if (*count / static_cast<std::uint64_t>(period->count() / 1'000'000) > kMaxPerSecond) {
    return refuse(text, "faster than 1,000,000,000 a second");
  }
  if (tail.empty()) return rate;

  constexpr std::string_view kBurst = "burst";
  if (!tail.starts_with(kBurst) || (tail.size() > kBurst.size() && !is_space(tail[kBurst.size()]))) {
    return refuse(text, "after the unit only \"burst N\" may follow");
  }
  const auto burst = parse_count(text, trim(tail.substr(kBurst.size())), "burst");
  if (!burst) return std::unexpected(burst.error());
  rate.burst = *burst;
  return rate;
}

std::uint64_t Rate::effective_burst() const {
  if (burst != 0) return burst;
  const auto ahead = static_cast<unsigned __int128>(count) *
                     static_cast<std::uint64_t>(kDefaultBurstSpan.count()) /
                     static_cast<std::uint64_t>(period.count());
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(ahead));
}

Rate Rate::scaled(double share) const {
  const auto per_micro = static_cast<double>(count) / static_cast<double>(period.count()) * share;
  Rate out{0, period, 0};
  if (burst != 0) {
    out.burst = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(burst) * share));
  }
  // The shortest period in which rounding down loses less than a thousandth.
  constexpr double kEnough = 1000;
  constexpr double kNothing = 1e-9;  // of a token: what floating point leaves of a whole one
  for (const auto unit :
       {period, Micros(seconds(1)), Micros(minutes(1)), Micros(hours(1)), Micros(hours(24))}) {
    if (unit < period) continue;
    const auto exact = per_micro * static_cast<double>(unit.count());
    out.count = static_cast<std::uint64_t>(std::min(exact + kNothing, static_cast<double>(kMaxRateCount)));
    out.period = unit;
    if (exact >= kEnough || exact - static_cast<double>(out.count) < kNothing * exact) break;
  }
  if (out.count > 0) return out;
  constexpr Micros kDay = hours(24);
  const auto days = std::ceil(1 / (per_micro * static_cast<double>(kDay.count())) - kNothing);
  out.count = 1;
  out.period = kDay * static_cast<std::int64_t>(std::min(days, static_cast<double>(kMaxUnits)));
  return out;
}

std::string Rate::text() const {
  const Unit* unit = &kUnits.front();  // the longest that divides the period
  for (const auto& other : kUnits) {
    if (other.period > unit->period && period % other.period == Micros(0)) unit = &other;
  }
  const auto times = period / unit->period;
  const auto word = times == 1 ? std::string(unit->word) : fmt::format("{}{}", times, unit->word);
  return burst == 0 ? fmt::format("{}/{}", count, word) : fmt::format("{}/{} burst {}", count, word, burst);
}

}  // namespace sluice::throttle
