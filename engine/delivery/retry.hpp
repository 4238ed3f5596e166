// When a record is tried again, and when it is given up.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"
#include "engine/delivery/options.hpp"
#include "engine/delivery/outcome.hpp"
#include "queue/record.hpp"
#include "queue/stream.hpp"

namespace sluice::delivery {

/// What the record carries on after the attempt, and its fate: `kind` is the outcome's, or `expired` when the
/// next try would come after the end of its life.
struct NextStep {
  queue::EventKind kind;
  queue::Trail trail;
  queue::DueSecond due = 0;
};

/// `source` is 1 + the index of the source that tried, kept for the retries of an answered attempt; an
/// outcome that is handed over keeps none. `greylist_wait`: the step of a greylisting, instead of the
/// ladder's.
[[nodiscard]] NextStep next_step(const RetryOptions& options, const queue::Stream& stream,
                                 const queue::Record& record, const Outcome& outcome, std::uint16_t source,
                                 Instant now, Random& random,
                                 std::optional<std::chrono::milliseconds> greylist_wait = {});

}  // namespace sluice::delivery
