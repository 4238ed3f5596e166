#include "engine/base/clock.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace sluice {
namespace {

Instant wall_now() { return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()); }

void put_digits(char* to, int count, unsigned value) {
  for (; count > 0; value /= 10) to[--count] = static_cast<char>('0' + value % 10);
}

}  // namespace

SystemClock::SystemClock() : wall_start_(wall_now()), steady_start_(std::chrono::steady_clock::now()) {}

Instant SystemClock::now() const {
  const auto since = std::chrono::steady_clock::now() - steady_start_;
  return wall_start_ + std::chrono::duration_cast<Micros>(since);
}

Micros SystemClock::skew() const { return wall_now() - now(); }

std::string to_rfc3339(Instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at - day).count();
  const int year = static_cast<int>(date.year());
  const auto second = ms / 1000;
  if (year < 0 || year > 9999) {
    return fmt::format("{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), second / 3600, second / 60 % 60, second % 60,
                       ms % 1000);
  }
  std::string out = "0000-00-00T00:00:00.000Z";  // by hand: each event line has one
  put_digits(&out[0], 4, static_cast<unsigned>(year));
  put_digits(&out[5], 2, static_cast<unsigned>(date.month()));
  put_digits(&out[8], 2, static_cast<unsigned>(date.day()));
  put_digits(&out[11], 2, static_cast<unsigned>(second / 3600));
  put_digits(&out[14], 2, static_cast<unsigned>(second / 60 % 60));
  put_digits(&out[17], 2, static_cast<unsigned>(second % 60));
  put_digits(&out[20], 3, static_cast<unsigned>(ms % 1000));
  return out;
}

}  // namespace sluice
