// `queue summary`.
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

int summary(Context& context, const std::string& by) {
  const auto answer = ask_service(context, "GET", "/v1/queue/summary?by=" + http::percent_encode(by));
  if (!answer) return context.exit_code;
  if (context.json) {
    context.out << boost::json::serialize(*answer) << '\n';
    return kExitOk;
  }
  using enum Table::Align;
  Table table({{by == "campaign" ? "CAMPAIGN"
                : by == "site"   ? "SITE"
                                 : "PROVIDER"},
               {"QUEUED", right},
               {"READY", right},
               {"DEFERRED", right},
               {"SENDING", right},
               {"CONNECTIONS", right},
               {"RATE/S", right},
               {"OLDEST", right},
               {"WAITS FOR"}});
  const auto add = [&](const boost::json::object& row, const std::string& name) {
    table.add({name, grouped(number_at(row, "queued")), grouped(number_at(row, "ready")),
               grouped(number_at(row, "deferred")), grouped(number_at(row, "leased")),
               grouped(number_at(row, "connections")),
               grouped(static_cast<std::int64_t>(real_at(row, "rate_per_s"))),
               short_duration(real_at(row, "oldest_s")), text_at(row, "waits_for")});
  };
  for (const auto* row : objects_at(*answer, "rows")) add(*row, text_at(*row, "name"));
  add(*answer, "all");
  context.out << table.text(context.terminal);
  return kExitOk;
}

}  // namespace

void setup_queue(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "queue", "Look at what waits to be sent");
  auto* verb = add_verb(*group, context, "summary", "What is queued, where, and what it waits for",
                        "sluice queue summary --by campaign");
  const auto by = std::make_shared<std::string>("provider");
  verb->add_option("--by", *by, "what a row stands for")
      ->check(CLI::IsMember({"provider", "site", "campaign"}))
      ->capture_default_str();
  on_run(verb, context, [&context, by] { return summary(context, *by); });
}

}  // namespace sluice::app
