// `demo`: the whole engine on one machine, with receivers of its own.
#include <CLI/CLI.hpp>
#include <memory>

#include "engine/app/demo.hpp"
#include "engine/app/verbs.hpp"

namespace sluice::app {

void setup_demo(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "demo",
                        "Send a campaign to five receivers on this machine and balance the accounts",
                        "sluice demo --recipients 20000");
  const auto options = std::make_shared<DemoOptions>();  // shared: by the options and the callback
  verb->add_option("--recipients", options->recipients, "rows of the list that is made")
      ->check(CLI::Range(100, 10'000'000))
      ->capture_default_str();
  verb->add_option("--dir", options->folder, "where everything is written")->capture_default_str();
  verb->add_option("--seed", options->seed, "of the list and of the receivers' moods")->capture_default_str();
  verb->add_flag("--resume", options->resume, "go on with a demo that was stopped or killed");
  on_run(verb, context, [&context, options] { return run_demo(context, *options); });
}

}  // namespace sluice::app
