// `log`: how much the running service logs.
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/verbs.hpp"
#include "engine/base/log.hpp"

namespace sluice::app {
namespace {

int level(Context& context, const std::string& wanted) {
  if (!wanted.empty() && !log::level_named(wanted)) {
    return context.complain(kExitUsage, "LEVEL is debug, info, warn or error");
  }
  const auto answer = wanted.empty() ? ask_service(context, "GET", "/v1/log")
                                     : ask_service(context, "PUT", "/v1/log/level?value=" + wanted);
  if (!answer) return context.exit_code;
  if (context.json) {
    context.out << boost::json::serialize(*answer) << '\n';
  } else {
    context.out << text_at(*answer, "level") << '\n';
  }
  return kExitOk;
}

}  // namespace

void setup_log(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "log", "How much the running service logs");
  auto* verb =
      add_verb(*group, context, "level",
               "Show or set the level: debug (a line for each attempt), info, warn, error; until the "
               "next change, reload or start",
               "sluice log level debug");
  const auto wanted = std::make_shared<std::string>();  // shared: by the option and the callback
  verb->add_option("LEVEL", *wanted, "none: show it");
  on_run(verb, context, [&context, wanted] { return level(context, *wanted); });
}

}  // namespace sluice::app
