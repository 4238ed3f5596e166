// Where a domain's mail would go, worked out here and now: for verbs that need no running service.
#pragma once

#include <string>

#include "engine/control/service.hpp"

namespace sluice::app {

/// Asks the servers and knows the routes that the options name; blocks for [delivery] route_deadline at most.
/// The failure of a domain is an error that says so: not_found when it is for good, else unavailable.
[[nodiscard]] Expected<dns::PlanPtr> look_up_route(const control::ServiceOptions& options,
                                                   const std::string& domain);

}  // namespace sluice::app
