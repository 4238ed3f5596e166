// `source list|suspend|resume|warmup`.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "config/value.hpp"
#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

struct SourceArguments {
  std::string source;
  std::string provider;
  std::string span;
  std::string cause;
};

std::string standing_of(const boost::json::object& row) {
  std::string out;
  for (const auto* one : objects_at(row, "suspended")) {
    const auto until = text_at(*one, "until");
    const auto cause = text_at(*one, "cause");
    out += fmt::format("{}suspended {}{}{}", out.empty() ? "" : "; ", text_at(*one, "provider"),
                       until.empty() ? "" : " until " + until, cause.empty() ? "" : " (" + cause + ")");
  }
  if (!out.empty()) return out;
  const auto* warms = row.if_contains("warms_up");
  return warms != nullptr && warms->is_bool() && warms->get_bool() ? "sends, warms up" : "sends";
}

int print_sources(Context& context, const boost::json::object& answer) {
  if (context.json) {
    context.out << boost::json::serialize(answer) << '\n';
    return kExitOk;
  }
  using enum Table::Align;
  Table table({{"SOURCE"}, {"ADDRESS"}, {"EHLO"}, {"CONNECTIONS", right}, {"DELIVERED", right}, {"STATE"}});
  for (const auto* row : objects_at(answer, "sources")) {
    const auto address = text_at(*row, "address");
    table.add({text_at(*row, "name"), address.empty() ? text_at(*row, "address6") : address,
               text_at(*row, "ehlo"), grouped(number_at(*row, "connections")),
               grouped(number_at(*row, "delivered")), standing_of(*row)});
  }
  context.out << table.text(context.terminal);
  return kExitOk;
}

int print_warmups(Context& context, const boost::json::object& answer) {
  if (context.json) {
    context.out << boost::json::serialize(answer) << '\n';
    return kExitOk;
  }
  using enum Table::Align;
  Table table({{"SOURCE"},
               {"PROVIDER"},
               {"DAY"},
               {"STEP", right},
               {"QUOTA", right},
               {"USED", right},
               {"DEFERRED", right},
               {"COMPLAINTS", right},
               {"HELD"}});
  for (const auto* row : objects_at(answer, "warmups")) {
    const auto* quota = row->if_contains("quota");
    const bool warm = quota != nullptr && quota->is_null();
    table.add({text_at(*row, "source"), text_at(*row, "provider"), text_at(*row, "day"),
               warm ? "warm" : fmt::format("{}/{}", number_at(*row, "step"), number_at(*row, "steps")),
               warm ? "-" : grouped(number_at(*row, "quota")), warm ? "-" : grouped(number_at(*row, "used")),
               grouped(number_at(*row, "deferred")), grouped(number_at(*row, "complaints")),
               text_at(*row, "held")});
  }
  context.out << (table.empty() ? "No source has sent under a warm-up yet.\n" : table.text(context.terminal));
  return kExitOk;
}

int change(Context& context, const SourceArguments& arguments, const char* method) {
  std::string query;
  const auto add = [&query](const char* name, const std::string& value) {
    if (value.empty()) return;
    query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, http::percent_encode(value));
  };
  add("provider", arguments.provider);
  add("cause", arguments.cause);
  if (!arguments.span.empty()) {
    const auto span = config::parse_duration(arguments.span);
    if (!span) return context.complain(kExitUsage, "--for: " + span.error().text);
    if (*span < std::chrono::seconds(1)) return context.complain(kExitUsage, "--for: at least a second");
    add("for", std::to_string(std::chrono::ceil<std::chrono::seconds>(*span).count()));
  }
  const auto target =
      fmt::format("/v1/sources/{}/suspension{}", http::percent_encode(arguments.source), query);
  const auto answer = ask_service(context, method, target);
  return answer ? print_sources(context, *answer) : context.exit_code;
}

}  // namespace

void setup_source(CLI::App& parent, Context& context) {
  auto* group =
      add_group(parent, "source", "Our sending addresses: suspend and resume them, watch their warm-up");
  auto* list = add_verb(*group, context, "list", "Each source, what it does, and whether it is suspended",
                        "sluice source list");
  on_run(list, context, [&context] {
    const auto answer = ask_service(context, "GET", "/v1/sources");
    return answer ? print_sources(context, *answer) : context.exit_code;
  });
  auto* suspend = add_verb(*group, context, "suspend",
                           "Nothing more is sent from it, everywhere or at one provider; its mail waits or "
                           "goes by others of the pool",
                           "sluice source suspend a --provider google --for 6h --cause \"listed\"");
  const auto chosen = std::make_shared<SourceArguments>();  // shared: by the options and the callback
  suspend->add_option("SOURCE", chosen->source, "its name")->required();
  suspend->add_option("--provider", chosen->provider, "only at this provider");
  suspend->add_option("--for", chosen->span, "ends by itself after so long, such as 6h; none: until resumed");
  suspend->add_option("--cause", chosen->cause, "why, for those who ask later");
  on_run(suspend, context, [&context, chosen] { return change(context, *chosen, "PUT"); });
  auto* resume = add_verb(*group, context, "resume", "A suspension ends now",
                          "sluice source resume a --provider google");
  const auto ended = std::make_shared<SourceArguments>();  // shared: as above
  resume->add_option("SOURCE", ended->source, "its name")->required();
  resume->add_option("--provider", ended->provider, "the suspension at this provider");
  on_run(resume, context, [&context, ended] { return change(context, *ended, "DELETE"); });
  auto* warmup = add_verb(*group, context, "warmup",
                          "Today's quota of each source at each provider, how much is used, what holds it",
                          "sluice source warmup --json");
  on_run(warmup, context, [&context] {
    const auto answer = ask_service(context, "GET", "/v1/warmups");
    return answer ? print_warmups(context, *answer) : context.exit_code;
  });
}

}  // namespace sluice::app
