// `check [DIR]`: the configuration, and a campaign directory as the service would see it.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/campaign_check.hpp"
#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"

namespace sluice::app {
namespace {

int check(Context& context, const std::string& directory) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  if (directory.empty()) {
    if (context.json) {
      context.out << boost::json::serialize(boost::json::object{{"ok", true}, {"file", loaded->file}})
                  << '\n';
    } else {
      context.out << safe_text(loaded->file) << ": ok\n";
    }
    return kExitOk;
  }
  const auto report = check_campaign(directory, loaded->config);
  print_report(context, report);
  return report.ok() ? kExitOk : kExitData;
}

}  // namespace

void setup_check(CLI::App& parent, Context& context) {
  auto* verb =
      add_verb(parent, context, "check", "Check the configuration, and a campaign directory if one is given",
               "sluice check campaigns/autumn-2026");
  const auto directory = std::make_shared<std::string>();
  verb->add_option("DIR", *directory,
                   "a campaign directory: campaign.toml, templates and list are read through");
  on_run(verb, context, [&context, directory] { return check(context, *directory); });
}

}  // namespace sluice::app
