#include "engine/campaign/windows.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "engine/base/lower_case.hpp"
#include "engine/campaign/problem.hpp"

namespace sluice::campaign {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::optional<unsigned> day_of(std::string_view name) {
  const auto found = std::find(kDays.begin(), kDays.end(), name);
  if (found == kDays.end()) return std::nullopt;
  return static_cast<unsigned>(found - kDays.begin());
}

/// One of "mon" or "mon-fri" (round the week's end too: "sat-mon") as bits; 0 when it is neither.
std::uint8_t days_of(std::string_view item) {
  const auto dash = item.find('-');
  const auto first = day_of(item.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : day_of(item.substr(dash + 1));
  if (!first || !last) return 0;
  std::uint8_t bits = 0;
  for (unsigned day = *first;; day = (day + 1) % 7) {
    bits = static_cast<std::uint8_t>(bits | (1u << day));
    if (day == *last) return bits;
  }
}

/// "HH:MM" as minutes, up to 24:00.
std::optional<std::uint16_t> minutes_of(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return std::nullopt;
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (minutes > 59 || hours > 24 || (hours == 24 && minutes != 0)) return std::nullopt;
  return static_cast<std::uint16_t>(hours * 60 + minutes);
}

/// When the zone's clock first shows `minute` of `day`; a skipped time is the moment of the skip.
Instant moment(date::local_days day, int minute, const Zone& zone) {
  const date::local_seconds local = day + std::chrono::minutes(minute);
  if (zone.get() == nullptr) return Instant(local.time_since_epoch());
  return Instant(zone.get()->to_sys(local, date::choose::earliest).time_since_epoch());
}

struct Stretch {
  Instant start;
  Instant end;
};

/// Calls `visit` with each stretch that begins on the local days [first, last]; stops when it returns true.
template <class Visit>
bool each_stretch(const std::vector<Window>& windows, const Zone& zone, date::local_days first,
                  date::local_days last, Visit visit) {
  for (auto day = first; day <= last; day += date::days(1)) {
    const unsigned weekday = date::weekday(day).iso_encoding() - 1;
    for (const auto& window : windows) {
      if ((window.days & (1u << weekday)) == 0) continue;
      const int end = window.end > window.start ? window.end : window.end + 24 * 60;
      const Stretch stretch{moment(day, window.start, zone), moment(day, end, zone)};
      if (stretch.start < stretch.end && visit(stretch)) return true;
    }
  }
  return false;
}

date::local_days local_day(Instant at, const Zone& zone) {
  const auto seconds = date::floor<std::chrono::seconds>(at);
  if (zone.get() == nullptr) return date::local_days(date::floor<date::days>(seconds).time_since_epoch());
  return date::floor<date::days>(zone.get()->to_local(seconds));
}

}  // namespace

Expected<Window> parse_window(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::invalid_input,
                "`" + visible(text, 80) +
                    "` is no window; write days and times as in \"mon-fri 09:00-18:00\", "
                    "\"sat,sun 10:00-14:00\" or \"daily 08:00-20:00\"");
  };
  const auto lowered = lower_case(text);
  const std::string_view whole = lowered;
  const auto space = whole.find(' ');
  if (space == std::string_view::npos) return wrong();
  Window out;
  auto days = whole.substr(0, space);
  if (days == "daily") days = "mon-sun";
  for (;;) {
    const auto comma = days.find(',');
    const auto bits = days_of(days.substr(0, comma));
    if (bits == 0) return wrong();
    out.days = static_cast<std::uint8_t>(out.days | bits);
    if (comma == std::string_view::npos) break;
    days.remove_prefix(comma + 1);
  }
  auto times = whole.substr(space + 1);
  times.remove_prefix(std::min(times.find_first_not_of(' '), times.size()));
  const auto dash = times.find('-');
  if (dash == std::string_view::npos) return wrong();
  const auto start = minutes_of(times.substr(0, dash));
  const auto end = minutes_of(times.substr(dash + 1));
  if (!start || !end || *start == 24 * 60 || *end == 0 || *start == *end) return wrong();
  out.start = *start;
  out.end = *end;
  return out;
}

bool Windows::open_at(Instant at, const Zone& zone) const {
  if (windows_.empty()) return true;
  const auto today = local_day(at, zone);
  return each_stretch(windows_, zone, today - date::days(1), today,
                      [&](const Stretch& s) { return s.start <= at && at < s.end; });
}

Instant Windows::closing(Instant at, const Zone& zone) const {
  if (windows_.empty()) return Instant::max();
  auto out = at;
  const auto today = local_day(at, zone);
  each_stretch(windows_, zone, today - date::days(1), today, [&](const Stretch& s) {
    if (s.start <= at && at < s.end) out = std::max(out, s.end);
    return false;
  });
  return out;
}

Instant Windows::next_opening(Instant at, const Zone& zone) const {
  if (open_at(at, zone)) return at;
  // Stretches of one day come in the order they were written, so a whole day is looked at before an answer.
  constexpr int kDaysAhead = 366;
  auto day = local_day(at, zone);
  for (int i = 0; i < kDaysAhead; ++i, day += date::days(1)) {
    Instant best = Instant::max();
    each_stretch(windows_, zone, day, day, [&](const Stretch& s) {
      if (s.start > at) best = std::min(best, s.start);
      return false;
    });
    if (best != Instant::max()) return best;
  }
  return Instant::max();
}

}  // namespace sluice::campaign
