// A campaign's report, made when it is asked for (API.md).
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// GET /v1/campaigns/{id}/report. `service` must outlive the router.
void add_report_handlers(http::Router& router, Service& service);

}  // namespace sluice::control
