// What operators ask of the store while it serves (API.md).
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// POST /v1/store/backup. `service` must outlive the router.
void add_store_routes(http::Router& router, Service& service);

}  // namespace sluice::control
