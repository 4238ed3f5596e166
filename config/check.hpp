// What no single key can tell: names that must exist or be unique, keys that need each other, files that must
// be private.
#pragma once

#include "config/load.hpp"

namespace sluice::config {

/// Adds to `problems`. What a refused key may be the cause of is not reported a second time.
void cross_check(const Loaded& loaded, const LoadOptions& options, Problems& problems);

}  // namespace sluice::config
