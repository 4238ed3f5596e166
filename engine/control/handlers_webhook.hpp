// What operators ask of webhooks (API.md): list, test, replay, resume.
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// /v1/webhooks and below. `service` must outlive the router. What waits, for a commit or an endpoint, does
/// not hold the control thread up.
void add_webhook_handlers(http::Router& router, Service& service);

}  // namespace sluice::control
