// The control API (API.md): what the command line and, later, /v1 clients ask of a running service. The same
// router answers on the control socket and on [http]; what acts is on the socket only.
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

class Service;

/// `service` must outlive the router. Handlers run on the control thread.
[[nodiscard]] http::Router make_router(Service& service);

}  // namespace sluice::control
