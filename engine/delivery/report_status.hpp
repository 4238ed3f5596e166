// The Status field of a report (RFC 3463) from the event it is about. Pure.
#pragma once

#include <string>

#include "queue/event.hpp"

namespace sluice::delivery {

/// What the receiver said where its first digit fits the end: 5 failed, 4 delayed, 2 delivered; else what the
/// event's class means; else N.0.0. A message that was given up is 5.4.7.
[[nodiscard]] std::string report_status(const queue::Event& event);

}  // namespace sluice::delivery
