#include "engine/campaign/report_event.hpp"

#include <algorithm>
#include <array>

namespace sluice::campaign {

std::string ReportEvent::reply() const {
  if (code == 0) return std::string(detail);
  std::string out = std::to_string(code);
  if (!enhanced.empty()) out.append(" ").append(enhanced);
  return out.append(" ").append(text);
}

bool ReportEvent::is_final() const {
  constexpr std::array<std::string_view, 5> kFinals{"delivered", "bounced", "expired", "suppressed",
                                                    "cancelled"};
  return std::ranges::find(kFinals, kind) != kFinals.end();
}

std::optional<Instant> event_time(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  const auto number = [text](std::size_t at, std::size_t size) {
    int out = 0;
    for (const char c : text.substr(at, size)) out = out * 10 + (c - '0');
    return out;
  };
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!date.ok()) return std::nullopt;
  return Instant(std::chrono::sys_days(date).time_since_epoch()) + std::chrono::hours(number(11, 2)) +
         std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2)) +
         std::chrono::milliseconds(number(20, 3));
}

}  // namespace sluice::campaign
