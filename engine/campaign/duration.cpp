#include "engine/campaign/duration.hpp"

#include <array>
#include <charconv>
#include <string>

#include "engine/campaign/problem.hpp"

namespace sluice::campaign {
namespace {

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr std::array<Unit, 4> kUnits = {{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
constexpr std::int64_t kYear = 366 * 86400;

}  // namespace

Expected<Micros> parse_duration(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::invalid_input,
                "`" + visible(text, 40) +
                    "` is no duration; write for example \"30m\", \"48h\" or \"3d\", at most 366d");
  };
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc{} || rest[0] == '-' || digits == rest.size() || count > kYear) return wrong();
    while (next_unit < kUnits.size() && kUnits[next_unit].letter != rest[digits]) ++next_unit;
    if (next_unit == kUnits.size()) return wrong();
    total += count * kUnits[next_unit++].seconds;
    rest.remove_prefix(digits + 1);
  }
  if (total <= 0 || total > kYear) return wrong();
  return std::chrono::duration_cast<Micros>(std::chrono::seconds(total));
}

}  // namespace sluice::campaign
