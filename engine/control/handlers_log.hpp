// How much the running service logs (API.md): look, and change it.
#pragma once

#include "engine/http/router.hpp"

namespace sluice::control {

/// /v1/log and below. The level is the process's, until the next change, reload or start.
void add_log_handlers(http::Router& router);

}  // namespace sluice::control
