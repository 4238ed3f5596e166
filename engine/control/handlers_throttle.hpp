// The control API's part about limits and overrides (API.md).
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// `service` must outlive the router. Handlers run on the control thread.
void add_throttle_handlers(http::Router& router, Service& service);

}  // namespace sluice::control
