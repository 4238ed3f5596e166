// GET /v1/events: the event files, streamed from a sequence number on, and followed when asked.
#pragma once

#include "engine/http/message.hpp"

namespace sluice::control {

class Service;

/// Query: after=SEQ (default 0), follow=1. Lines are passed as they stand in the files. 400 for a number that
/// is none.
[[nodiscard]] http::Response events_response(Service& service, const http::Request& request);

}  // namespace sluice::control
