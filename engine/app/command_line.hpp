// The command line as a function: parses, runs one verb, gives the exit code. main() and tests call it.
#pragma once

#include <string>
#include <vector>

#include "engine/app/verb.hpp"

namespace sluice::app {

inline constexpr const char* kVersion = "0.1.0";

/// `arguments` without the program's name. Writes to the context's streams only; never throws.
[[nodiscard]] int run_command_line(std::vector<std::string> arguments, Context& context);

}  // namespace sluice::app
