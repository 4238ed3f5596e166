// The shipped providers and rules, the user's own files over them, and [[provider]] of sluice.toml over
// those: one list each, put together value by value.
#pragma once

#include "config/load.hpp"

namespace sluice::config {

/// Fills known_providers, shaping_rules, shaping_controllers and known_from. Problems of the user's files are
/// added with their places.
void assemble(Loaded& loaded, const LoadOptions& options, Problems& problems);

/// The files that are compiled in.
[[nodiscard]] std::string_view shipped_providers_toml();
[[nodiscard]] std::string_view shipped_shaping_toml();

}  // namespace sluice::config
