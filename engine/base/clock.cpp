#include "engine/base/clock.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace sluice {
namespace {

Instant wall_now() { return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()); }

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
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                     ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

}  // namespace sluice
