// What every verb gets, and how it joins the command line: one row in the table of verbs.cpp, one small file.
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "engine/app/exit_code.hpp"
#include "engine/app/terminal.hpp"

namespace sluice::app {

/// One run of the program. Outlives the CLI::App that verbs are set up on.
struct Context {
  std::ostream& out;
  std::ostream& err;
  Terminal terminal;        ///< of `out`
  bool json = false;        ///< --json
  std::string config_file;  ///< --config; empty: see config_path()
  int exit_code = kExitOk;

  /// --config, else $SLUICE_CONFIG, else /etc/sluice/sluice.toml.
  [[nodiscard]] std::string config_path() const;

  /// Writes "sluice: text" (or, with --json, the error object) to `err` and gives the code back.
  int complain(ExitCode code, std::string_view text) const;
  int complain(const Error& error) const {
    return complain(exit_code_of(error.code), error.text, error.code);
  }

 private:
  int complain(ExitCode code, std::string_view text, ErrorCode name) const;
};

/// `setup` adds the verb to `parent`; its callback sets context.exit_code.
struct Verb {
  std::string_view name;
  void (*setup)(CLI::App& parent, Context& context);
};

/// Every verb, in the order --help lists them.
[[nodiscard]] std::span<const Verb> all_verbs();

/// A subcommand with --config, --json and `example` at the end of its --help.
CLI::App* add_verb(CLI::App& parent, Context& context, const std::string& name, const std::string& what,
                   const std::string& example);

/// A subcommand that only holds others: `campaign`, `queue`, `dkim` …
CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& what);

/// What the verb does when it is chosen: `run` gives the exit code.
void on_run(CLI::App* verb, Context& context, std::function<int()> run);

}  // namespace sluice::app
