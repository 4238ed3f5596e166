// `queue summary`; the group's other verbs are in verb_queue_*.cpp.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/queue_access.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verb_queue.hpp"
#include "engine/app/verbs.hpp"

namespace sluice::app {
namespace {

/// What the rows do not say: how exact they are, how old the mail is, and what operators hold.
void print_notes(Context& context, const boost::json::object& answer) {
  if (const auto* counted = answer.if_contains("counted"); counted != nullptr && counted->is_object()) {
    const auto& how = counted->get_object();
    const auto* complete = how.if_contains("complete");
    const bool whole = complete != nullptr && complete->is_bool() && complete->get_bool();
    context.out << fmt::format(
        "Rows are estimates, counted {}{}; the last line is exact.\n", safe_text(text_at(how, "at")),
        whole ? std::string()
              : fmt::format(" and not done: {} of {} so far", grouped(number_at(how, "records")),
                            grouped(number_at(how, "of"))));
  }
  for (const auto* order : objects_at(answer, "orders")) {
    context.out << fmt::format("Held by operator since {}: {} {}\n", safe_text(text_at(*order, "since")),
                               safe_text(text_at(*order, "scope")), safe_text(text_at(*order, "name")));
  }
}

int summary(Context& context, const std::string& by) {
  auto access = QueueAccess::open(context);
  if (!access) return context.exit_code;
  const auto answer = access->summary(by);
  if (!answer) return context.complain(answer.error());
  if (context.json) {
    context.out << boost::json::serialize(*answer) << '\n';
    return kExitOk;
  }
  using enum Table::Align;
  Table table({{by == "campaign" || access->offline() ? "CAMPAIGN"
                : by == "site"                        ? "SITE"
                                                      : "PROVIDER"},
               {"QUEUED", right},
               {"READY", right},
               {"DEFERRED", right},
               {"HELD", right},
               {"SENDING", right},
               {"CONNECTIONS", right},
               {"RATE/S", right},
               {"OLDEST", right},
               {"WAITS FOR"}});
  const auto add = [&](const boost::json::object& row, const std::string& name) {
    table.add({name, grouped(number_at(row, "queued")), grouped(number_at(row, "ready")),
               grouped(number_at(row, "deferred")), grouped(number_at(row, "held")),
               grouped(number_at(row, "leased")), grouped(number_at(row, "connections")),
               grouped(static_cast<std::int64_t>(real_at(row, "rate_per_s"))),
               short_duration(real_at(row, "oldest_s")), text_at(row, "waits_for")});
  };
  for (const auto* row : objects_at(*answer, "rows")) add(*row, text_at(*row, "name"));
  add(*answer, "all");
  context.out << table.text(context.terminal);
  print_notes(context, *answer);
  return kExitOk;
}

}  // namespace

void setup_queue(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "queue", "Look at what waits to be sent, and steer it");
  auto* verb = add_verb(*group, context, "summary", "What is queued, where, and what it waits for",
                        "sluice queue summary --by campaign");
  const auto by = std::make_shared<std::string>("provider");
  verb->add_option("--by", *by, "what a row stands for")
      ->check(CLI::IsMember({"provider", "site", "campaign"}))
      ->capture_default_str();
  on_run(verb, context, [&context, by] { return summary(context, *by); });
  setup_queue_list(*group, context);
  setup_queue_edit(*group, context);
  setup_queue_orders(*group, context);
}

}  // namespace sluice::app
