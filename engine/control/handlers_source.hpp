// What operators ask of sources (API.md): list, suspend, resume, warm-up.
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// /v1/sources and below. `service` must outlive the router.
void add_source_handlers(http::Router& router, Service& service);

}  // namespace sluice::control
