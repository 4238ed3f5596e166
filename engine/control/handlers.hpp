// The control API (API.md): what the command line and, later, /v1 clients ask of a running service. What acts
// or tells about mail is on the control socket only; [http] has no token and gets the health pages.
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// `service` must outlive the router. Handlers run on the control thread.
[[nodiscard]] http::Router make_router(Service& service);
/// /healthz and /readyz alone, for [http].
[[nodiscard]] http::Router make_health_router(Service& service);

}  // namespace sluice::control
