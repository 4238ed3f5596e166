#include "throttle/warmup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/bytes.hpp"

namespace sluice::throttle {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

constexpr std::uint64_t kMostADay = 1'000'000'000;

std::optional<std::uint64_t> parse_step(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (value == 0 || value > kMostADay || unit.size() > 1) return std::nullopt;
  if (unit == "k") value *= 1'000;
  if (unit == "m") value *= 1'000'000;
  if (!unit.empty() && unit != "k" && unit != "m") return std::nullopt;
  return value > kMostADay ? std::nullopt : std::optional(value);
}

std::optional<int> parse_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && !text.empty() && text.front() != '-' ? std::optional(value) : std::nullopt;
}

}  // namespace

Expected<Day> parse_day(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::invalid_input,
                fmt::format("\"{}\" is no day; right would be \"2026-12-01\"", text));
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return bad();
  const auto year = parse_number(text.substr(0, 4));
  const auto month = parse_number(text.substr(5, 2));
  const auto day = parse_number(text.substr(8, 2));
  if (!year || !month || !day) return bad();
  const auto date = std::chrono::year(*year) / *month / *day;
  if (!date.ok()) return bad();
  return static_cast<Day>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::string to_text(Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

Expected<std::vector<std::uint64_t>> parse_ladder(std::string_view text) {
  if (text == "standard")
    return std::vector<std::uint64_t>{50,     100,    500,    1'000,   5'000,  10'000,
                                      20'000, 40'000, 80'000, 160'000, 320'000};
  if (text == "gentle")
    return std::vector<std::uint64_t>{50,    50,    100,   100,    250,    500,    500,    1'000,  1'000,
                                      2'500, 5'000, 5'000, 10'000, 10'000, 20'000, 40'000, 80'000, 160'000};
  std::vector<std::uint64_t> out;
  while (true) {
    const auto comma = text.find(',');
    const auto step = parse_step(trimmed(text.substr(0, comma)));
    if (!step || out.size() >= kMaxSteps) {
      return fail(ErrorCode::invalid_input,
                  fmt::format("\"{}\" is no ladder; right would be \"standard\", \"gentle\", or up to {} "
                              "numbers such as \"50, 100, 1k\"",
                              text, kMaxSteps));
    }
    out.push_back(*step);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

const char* name_of(WarmupHold hold) {
  switch (hold) {
    case WarmupHold::none:
      return "";
    case WarmupHold::idle:
      return "nothing was sent";
    case WarmupHold::deferrals:
      return "too many deferrals";
    case WarmupHold::complaints:
      return "too many complaints";
  }
  return "";
}

void WarmupState::append_to(std::string& out) const {
  put_varint(out, static_cast<std::uint64_t>(std::max(day, 0)));
  put_varint(out, step);
  put_varint(out, used);
  put_varint(out, attempts);
  put_varint(out, deferrals);
  put_varint(out, complaints);
  put_u8(out, static_cast<std::uint8_t>(held));
}

std::optional<WarmupState> WarmupState::decode(std::string_view bytes) {
  ByteReader in(bytes);
  WarmupState out;
  out.day = static_cast<Day>(in.varint());
  out.step = static_cast<std::uint32_t>(in.varint());
  out.used = in.varint();
  out.attempts = in.varint();
  out.deferrals = in.varint();
  out.complaints = in.varint();
  const auto held = in.u8();
  if (!in.ok() || !in.at_end() || held > static_cast<std::uint8_t>(WarmupHold::complaints))
    return std::nullopt;
  out.held = static_cast<WarmupHold>(held);
  return out;
}

std::uint64_t quota_of(const WarmupPlan& plan, const WarmupState& state) {
  if (state.day < plan.start) return 0;
  return state.step < plan.ladder.size() ? plan.ladder[state.step] : kUnlimited;
}

bool roll(const WarmupPlan& plan, WarmupState& state, Instant now) {
  const auto today = day_of(now);
  if (today <= state.day) return false;
  const auto share = [&](std::uint64_t count) {
    return state.attempts == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(state.attempts);
  };
  auto held = WarmupHold::none;
  if (state.attempts == 0) {
    held = WarmupHold::idle;
  } else if (state.deferrals > 0 && share(state.deferrals) >= plan.most_deferrals) {
    held = WarmupHold::deferrals;
  } else if (state.complaints > 0 && share(state.complaints) >= plan.most_complaints) {
    held = WarmupHold::complaints;
  }
  const auto last = static_cast<std::uint32_t>(plan.ladder.size());
  const auto step = std::min(state.step, last) + (held == WarmupHold::none && state.step < last ? 1 : 0);
  state = {.day = today, .step = step, .held = held};
  return true;
}

}  // namespace sluice::throttle
