// POST /v1/feedback: a message that came back, brought by an operator.
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// `service` outlives the router.
void add_feedback_handlers(http::Router& out, Service& service);

}  // namespace sluice::control
