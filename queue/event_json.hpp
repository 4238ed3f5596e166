// The event line: schema version 1 of the feed that outside tools read (DESIGN §5 "Events").
#pragma once

#include <cstdint>
#include <string>

#include "queue/event.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {

/// Appends one JSON object and a newline. `stream` gives campaign, tenant and kind; null when unknown.
void append_event_line(std::string& out, std::uint64_t seq, const Event& event, const Stream* stream);

}  // namespace sluice::queue
