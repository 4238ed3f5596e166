#include "engine/delivery/retry.hpp"

#include <algorithm>

namespace sluice::delivery {
namespace {

constexpr std::chrono::milliseconds kHandOver{1000};  ///< before another source tries

std::chrono::milliseconds step_of(const std::vector<std::chrono::milliseconds>& ladder, unsigned attempt) {
  if (ladder.empty()) return std::chrono::minutes(30);
  return ladder[std::min<std::size_t>(attempt - 1, ladder.size() - 1)];
}

Micros jittered(std::chrono::milliseconds step, unsigned percent, Random& random) {
  const auto spread = static_cast<double>(percent) / 100.0 * (2.0 * random.unit() - 1.0);
  return std::chrono::duration_cast<Micros>(step * (1.0 + spread));
}

}  // namespace

NextStep next_step(const RetryOptions& options, const queue::Stream& stream, const queue::Record& record,
                   const Outcome& outcome, std::uint16_t source, Instant now, Random& random,
                   std::optional<std::chrono::milliseconds> greylist_wait) {
  NextStep next{outcome.kind, record.value.trail, 0};
  if (outcome.kind == queue::EventKind::suppressed) return next;  // no attempt was made
  next.trail.attempts = static_cast<std::uint16_t>(std::min(record.value.trail.attempts + 1, 0xffff));
  if (queue::is_final(outcome.kind)) return next;
  const Instant end = from_ms(stream.expires_ms(record.value.accepted_ms));
  next.trail.source = source;
  if (outcome.kind == queue::EventKind::in_doubt) {
    next.trail.doubts = static_cast<std::uint8_t>(record.value.trail.doubts + 1);
    if (options.in_doubt == queue::DoubtPolicy::assume_delivered) {
      next.kind = queue::EventKind::delivered;
      return next;
    }
    const bool spent = next.trail.doubts > options.in_doubt_tries;
    next.trail.held = options.in_doubt == queue::DoubtPolicy::hold || spent;
    const auto due = next.trail.held ? end : std::min<Instant>(end, now + options.in_doubt_delay);
    next.due = queue::to_due_second(std::max<Instant>(due, now + std::chrono::seconds(1)));
    return next;
  }
  const bool greylist = outcome.bounce_class == feedback::BounceClass::greylist;
  next.trail.greylisted = greylist;
  const auto& ladder = greylist ? options.greylist : options.ladder;
  auto step = greylist && greylist_wait ? *greylist_wait : step_of(ladder, next.trail.attempts);
  if (outcome.path == PathAction::hand_over) {
    next.trail.source = 0;
    next.trail.moved = true;
    step = kHandOver;
  }
  const auto due = now + jittered(step, options.jitter_percent, random);
  if (due >= end) {
    next.kind = queue::EventKind::expired;
    return next;
  }
  next.due = queue::to_due_second(due);
  return next;
}

}  // namespace sluice::delivery
