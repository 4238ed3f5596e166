// `reload`: the service reads its configuration again.
#include <boost/json/serialize.hpp>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"

namespace sluice::app {
namespace {

int reload(Context& context) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  const auto answer = ask(service_of(loaded->config), "POST", "/v1/reload");
  if (!answer) {
    const bool refused = answer.error().code == ErrorCode::invalid_input;
    return refused ? context.complain(kExitConfig, answer.error().text) : context.complain(answer.error());
  }
  if (context.json) {
    context.out << boost::json::serialize(*answer) << '\n';
    return kExitOk;
  }
  Table table({{"KEY"}, {"WAS"}, {"IS"}, {"APPLIED"}});
  for (const auto* change : objects_at(*answer, "changes")) {
    const auto* live = change->if_contains("live");
    const bool applied = live && live->is_bool() && live->get_bool();
    table.add({text_at(*change, "path"), text_at(*change, "from"), text_at(*change, "to"),
               applied ? "now" : "at restart"});
  }
  context.out << (table.empty() ? "Nothing has changed.\n" : table.text(context.terminal));
  return kExitOk;
}

}  // namespace

void setup_reload(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "reload", "Apply a changed configuration without a restart",
                        "sluice reload --config /etc/sluice/sluice.toml");
  on_run(verb, context, [&context] { return reload(context); });
}

}  // namespace sluice::app
