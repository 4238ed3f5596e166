// The group `throttle`.
#include "engine/app/verb_throttle.hpp"

#include "engine/app/verbs.hpp"

namespace sluice::app {

void setup_throttle(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "throttle", "What sending is held to, and why");
  setup_throttle_limits(*group, context);
  setup_throttle_resolve(*group, context);
}

}  // namespace sluice::app
