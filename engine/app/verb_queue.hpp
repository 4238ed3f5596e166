// The parts of `queue`: each adds its verbs to the group.
#pragma once

#include "engine/app/verb.hpp"

namespace sluice::app {

void setup_queue_list(CLI::App& group, Context& context);
void setup_queue_edit(CLI::App& group, Context& context);
void setup_queue_orders(CLI::App& group, Context& context);

}  // namespace sluice::app
