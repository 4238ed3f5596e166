// The demo's run: five receivers, the service as `serve` runs it, one campaign dropped into its spool, and at
// the end the accounts. Called from the main thread before any other was started.
#pragma once

#include <cstdint>
#include <string>

#include "engine/app/verb.hpp"

namespace sluice::app {

struct DemoOptions {
  std::string folder = ".demo";
  std::uint64_t recipients = 100'000;
  std::uint64_t seed = 1;
  bool resume = false;
};

/// 0: every check holds; 1: one does not; 75: stopped before the end, to be resumed.
int run_demo(Context& context, const DemoOptions& options);

}  // namespace sluice::app
