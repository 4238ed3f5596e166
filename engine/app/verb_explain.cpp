// `explain ID|CAMPAIGN|DOMAIN|PROVIDER`.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

void add_blockers(Table& table, const std::string& where, const boost::json::object& of) {
  for (const auto* one : objects_at(of, "blockers")) {
    const auto since = text_at(*one, "since");
    const auto until = text_at(*one, "until");
    table.add({where, text_at(*one, "kind"), text_at(*one, "what"), since.empty() ? "-" : since,
               until.empty() ? "-" : until});
  }
}

int print(Context& context, const boost::json::object& answer) {
  if (context.json) {
    context.out << boost::json::serialize(answer) << '\n';
    return kExitOk;
  }
  const auto* blocked = answer.if_contains("blocked");
  const bool waits = blocked != nullptr && blocked->is_bool() && blocked->get_bool();
  const auto until = text_at(answer, "until");
  auto verdict = std::string("nothing blocks it now");
  if (waits) verdict = until.empty() ? "blocked, nobody knows until when" : "blocked until " + until;
  context.out << fmt::format("{} {}: {}\n", text_at(answer, "kind"), text_at(answer, "name"), verdict);
  Table table({{"WHERE"}, {"KIND"}, {"WHAT"}, {"SINCE"}, {"UNTIL"}});
  add_blockers(table, "queue", answer);
  for (const auto* site : objects_at(answer, "sites")) {
    for (const auto* path : objects_at(*site, "paths"))
      add_blockers(table, text_at(*path, "source") + " > " + text_at(*site, "site"), *path);
  }
  if (!table.empty()) context.out << table.text(context.terminal);
  for (const auto* one : objects_at(answer, "finish")) {
    const auto at = text_at(*one, "at");
    const auto* const rate =
        text_at(*one, "basis") == "limits" ? " at the rate limits allow" : " at the measured rate";
    context.out << fmt::format("{}: {} left, finish {}\n", text_at(*one, "provider"),
                               grouped(number_at(*one, "remaining")), at.empty() ? "unknown" : at + rate);
  }
  return kExitOk;
}

}  // namespace

void setup_explain(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "explain",
                        "What blocks a message, campaign, domain or provider now, and until when",
                        "sluice explain spring-sale");
  const auto name = std::make_shared<std::string>();  // shared: by the option and the callback
  verb->add_option("NAME", *name, "a message id, a campaign, a domain or a provider")->required();
  on_run(verb, context, [&context, name] {
    const auto answer = ask_service(context, "GET", "/v1/explain?name=" + http::percent_encode(*name));
    return answer ? print(context, *answer) : context.exit_code;
  });
}

}  // namespace sluice::app
