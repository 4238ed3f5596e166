// The control API's part about suppressions (API.md).
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// `service` must outlive the router. Handlers run on the control thread; those that change something wait
/// for the commit without holding it up.
void add_suppression_handlers(http::Router& router, Service& service);

}  // namespace sluice::control
