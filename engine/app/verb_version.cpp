#include <fmt/format.h>

#include <ostream>

#include "engine/app/command_line.hpp"
#include "engine/app/verbs.hpp"

namespace sluice::app {

void setup_version(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "version", "Print the version", "sluice version --json");
  on_run(verb, context, [&context] {
    context.out << (context.json ? fmt::format("{{\"version\":\"{}\"}}\n", kVersion)
                                 : fmt::format("sluice {}\n", kVersion));
    return kExitOk;
  });
}

}  // namespace sluice::app
