// `config show` and `config reference`.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "config/show.hpp"
#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"

namespace sluice::app {
namespace {

int show(Context& context, bool changed_only) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  boost::json::array list;
  Table table({{"KEY"}, {"VALUE"}, {"FROM"}});
  for (const auto& setting : config::settings(*loaded)) {
    if (changed_only && setting.origin == "default") continue;
    boost::json::object one;
    one["key"] = setting.path;
    one["value"] = setting.value;
    one["origin"] = setting.origin;
    one["live"] = setting.live;
    list.push_back(std::move(one));
    table.add({setting.path, setting.value, setting.origin});
  }
  if (context.json) {
    boost::json::object body;
    body["file"] = loaded->file;
    body["settings"] = std::move(list);
    context.out << boost::json::serialize(body) << '\n';
  } else {
    context.out << table.text(context.terminal);
  }
  return kExitOk;
}

}  // namespace

void setup_config(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "config", "Look at the configuration");
  auto* verb = add_verb(*group, context, "show", "Every key in effect and where it was set",
                        "sluice config show --changed");
  const auto changed = std::make_shared<bool>(false);
  verb->add_flag("--changed", *changed, "only keys that the file sets");
  on_run(verb, context, [&context, changed] { return show(context, *changed); });

  auto* reference = add_verb(*group, context, "reference", "A sluice.toml with every key explained",
                             "sluice config reference > sluice.toml");
  on_run(reference, context, [&context] {
    context.out << config::reference();
    return kExitOk;
  });
}

}  // namespace sluice::app
