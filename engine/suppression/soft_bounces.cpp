#include "engine/suppression/soft_bounces.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"

namespace sluice::suppression {
namespace {

constexpr std::uint32_t kMaxEvents = 255;

std::int64_t ms(std::chrono::hours hours) { return std::chrono::milliseconds(hours).count(); }

}  // namespace

SoftBounces::Step SoftBounces::add(std::int64_t time_ms, const SoftRule& rule, bool mailed) {
  const bool reached = accepted_ms != 0 && time_ms - accepted_ms > ms(rule.grace);
  if (events > 0 && (reached || decayed(time_ms, rule))) *this = {};
  by_mail = by_mail || mailed;
  if (mailed) accepted_ms = 0;  // what was accepted has come back
  if (events == 0) {
    events = 1;
    first_ms = last_ms = time_ms;
  } else {
    if (time_ms - last_ms < ms(rule.spacing)) return Step::ignored;
    events = std::min(events + 1, kMaxEvents);
    last_ms = time_ms;
  }
  return events >= rule.events && last_ms - first_ms >= ms(rule.span) ? Step::promoted : Step::counted;
}

bool SoftBounces::accepted(std::int64_t time_ms, const SoftRule& rule) {
  if (!by_mail) return true;
  if (accepted_ms == 0) accepted_ms = time_ms;
  return time_ms - accepted_ms > ms(rule.grace);
}

void SoftBounces::append_to(std::string& out) const {
  put_varint(out, events);
  put_varint(out, static_cast<std::uint64_t>(first_ms));
  put_varint(out, static_cast<std::uint64_t>(last_ms));
  if (by_mail) put_varint(out, static_cast<std::uint64_t>(accepted_ms));
}

std::optional<SoftBounces> SoftBounces::decode(std::string_view bytes) {
  ByteReader in(bytes);
  SoftBounces out;
  out.events = static_cast<std::uint32_t>(std::min<std::uint64_t>(in.varint(), kMaxEvents));
  out.first_ms = static_cast<std::int64_t>(in.varint());
  out.last_ms = static_cast<std::int64_t>(in.varint());
  out.by_mail = in.ok() && !in.at_end();
  if (out.by_mail) out.accepted_ms = static_cast<std::int64_t>(in.varint());
  return in.ok() && in.at_end() ? std::optional(out) : std::nullopt;
}

}  // namespace sluice::suppression
