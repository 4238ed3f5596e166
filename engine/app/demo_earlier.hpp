// What earlier runs of a demo came to, provider by provider, from the event files they left.
#pragma once

#include <map>
#include <string>

#include "engine/base/error.hpp"
#include "engine/control/live_counts.hpp"

namespace sluice::app {

/// By provider; empty for a new folder. Read it after the store was opened (a torn last line is cut then) and
/// before the service starts (what it exports, it counts itself).
[[nodiscard]] Expected<std::map<std::string, control::ProviderCounts>> count_earlier(
    const std::string& events_folder);

}  // namespace sluice::app
