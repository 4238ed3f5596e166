// The parts of `campaign`: each adds its verbs to the group.
#pragma once

#include "engine/app/verb.hpp"

namespace sluice::app {

void setup_campaign_change(CLI::App& group, Context& context);
void setup_campaign_report(CLI::App& group, Context& context);

}  // namespace sluice::app
