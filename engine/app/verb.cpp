#include "engine/app/verb.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <ostream>

namespace sluice::app {

std::string Context::config_path() const {
  if (!config_file.empty()) return config_file;
  const char* named = std::getenv("SLUICE_CONFIG");
  return named && *named ? named : "/etc/sluice/sluice.toml";
}

int Context::complain(ExitCode code, std::string_view text) const {
  const auto name = code == kExitConfig || code == kExitUsage || code == kExitData ? ErrorCode::invalid_input
                    : code == kExitUnavailable                                     ? ErrorCode::unavailable
                                                                                   : ErrorCode::io;
  return complain(code, text, name);
}

int Context::complain(ExitCode code, std::string_view text, ErrorCode name) const {
  if (json) {
    boost::json::object error;
    error["code"] = name_of(name);
    error["message"] = text;
    boost::json::object body;
    body["error"] = std::move(error);
    err << boost::json::serialize(body) << '\n';
  } else {
    err << styled(terminal, Style::red, "sluice:") << ' ' << safe_text(text) << '\n';
  }
  return code;
}

CLI::App* add_verb(CLI::App& parent, Context& context, const std::string& name, const std::string& what,
                   const std::string& example) {
  auto* verb = parent.add_subcommand(name, what);
  verb->add_option("--config", context.config_file,
                   "configuration file (default $SLUICE_CONFIG, then /etc/sluice/sluice.toml)")
      ->type_name("FILE");
  verb->add_flag("--json", context.json, "machine-readable output");
  verb->footer("Example:\n  " + example + "\n");
  return verb;
}

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& what) {
  auto* group = parent.add_subcommand(name, what);
  group->require_subcommand(1);
  return group;
}

void on_run(CLI::App* verb, Context& context, std::function<int()> run) {
  verb->callback([&context, run = std::move(run)] { context.exit_code = run(); });
}

}  // namespace sluice::app
