#include "throttle/override.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::throttle {
namespace {

constexpr std::size_t kMaxName = 200;    ///< bytes of an id, a rule's name, a value of the match
constexpr std::size_t kMaxCause = 1000;  ///< bytes

bool printable(std::string_view text, std::size_t most) {
  return text.size() <= most &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

Expected<> check(const Override& override, Instant now) {
  const auto refuse = [&](std::string_view why) {
    const auto shown = printable(override.id, kMaxName) ? override.id : std::string("?");
    return fail(ErrorCode::invalid_input, fmt::format("override \"{}\": {}", shown, why));
  };
  if (override.id.empty() || override.by.empty()) return refuse("id and by must be given");
  if (!printable(override.id, kMaxName) || !printable(override.by, kMaxName)) {
    return refuse("id and by are at most 200 bytes without control characters");
  }
  if (!printable(override.cause, kMaxCause)) {
    return refuse("the cause is at most 1,000 bytes without control characters");
  }
  for (const auto& value : override.match.values) {
    if (!printable(value, kMaxName))
      return refuse("a value of the match has control characters or is too long");
  }
  if (!override.pause && !override.scale && !override.message_rate && !override.connections) {
    return refuse("changes nothing: give pause, scale, message_rate or connections");
  }
  // Written so that a NaN is refused too.
  if (override.scale && !(*override.scale > 0 && *override.scale < 1)) {
    return refuse("scale must be above 0 and below 1");
  }
  if (const auto odd = no_connection_has(override.match); override.connections && !odd.empty())
    return refuse(fmt::format(
        "one connection carries mail of every {}: name a source, provider, site or domain to limit "
        "connections",
        odd));
  if (override.connections == 0U) return refuse("connections must be at least 1; pause stops them");
  if (override.message_rate &&
      (override.message_rate->count == 0 || override.message_rate->period <= Micros(0))) {
    return refuse("message_rate must be above zero; pause stops it");
  }
  if (override.until <= now) return refuse("until is not in the future");
  if (override.until == Instant::max()) return refuse("until must be given: an override has an end");
  return {};
}

std::string effect_of(const Override& override) {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", part);
  };
  if (override.pause) add("pause");
  if (override.scale) add(fmt::format("scale {:g}", *override.scale));
  if (override.message_rate) add("message_rate " + override.message_rate->text());
  if (override.connections) add(fmt::format("connections {}", *override.connections));
  return text;
}

}  // namespace sluice::throttle
