#include "engine/app/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <ostream>

namespace sluice::app {
namespace {

int usage_error(const CLI::App& app, const CLI::ParseError& error, Context& context) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app.exit(error, context.out, context.err);  // --help
    return kExitOk;
  }
  const auto code = context.complain(kExitUsage, error.what());
  if (!context.json) context.err << "Try `sluice --help`.\n";
  return code;
}

}  // namespace

int run_command_line(std::vector<std::string> arguments, Context& context) {
  CLI::App app("sluice: a bulk mail engine. Accepted means it survives.", "sluice");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("sluice ") + kVersion);
  app.add_option("--config", context.config_file)->group("");
  app.add_flag("--json", context.json)->group("");
  for (const auto& verb : all_verbs()) verb.setup(app, context);
  try {
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, context);
  } catch (const std::exception& error) {
    return context.complain(kExitSoftware, error.what());
  }
  context.out.flush();
  return context.exit_code;
}

}  // namespace sluice::app
