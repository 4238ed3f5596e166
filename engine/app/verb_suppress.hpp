// The parts of `suppress`: each adds its verbs to the group.
#pragma once

#include "engine/app/verb.hpp"
#include "engine/control/suppression_answers.hpp"

namespace sluice::app {

void setup_suppress_list(CLI::App& group, Context& context);
void setup_suppress_files(CLI::App& group, Context& context);

/// --scope, --tenant, --list, --reason into `words`, which outlives the verb's run.
void add_scope_options(CLI::App& verb, control::SuppressionWords& words);

}  // namespace sluice::app
