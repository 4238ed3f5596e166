// The verbs of the group `throttle`, a file each.
#pragma once

#include "engine/app/verb.hpp"

namespace sluice::app {

/// show, set, reset.
void setup_throttle_limits(CLI::App& group, Context& context);
void setup_throttle_resolve(CLI::App& group, Context& context);

}  // namespace sluice::app
