// `queue flush|hold|release|requeue|delete`, and the standing orders among them.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/queue_access.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verb_queue.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

struct EditVerb {
  const char* name;
  const char* what;
  const char* example;
  const char* done;       ///< "held"
  const char* unchanged;  ///< "were held already"
};

constexpr EditVerb kFlush{"flush", "Deferred mail is due now; limits hold as ever, no attempt is spent",
                          "sluice queue flush --domain example.org", "made due",
                          "were due, held or never tried"};
constexpr EditVerb kHold{
    "hold",
    "Records are not sent until released; or all mail of a tenant, domain or provider, by a standing order",
    "sluice queue hold --provider google", "held", "were held already"};
constexpr EditVerb kRelease{"release", "Held records are due now; or a standing order is lifted",
                            "sluice queue release --provider google", "released", "were not held"};
constexpr EditVerb kRequeue{"requeue", "Records start over: due now, as if never tried",
                            "sluice queue requeue --campaign autumn-2026 --state deferred", "requeued",
                            "were never tried and are due"};
constexpr EditVerb kDelete{"delete",
                           "Records leave the queue; each gets a final `cancelled`, class \"deleted\"",
                           "sluice queue delete --recipient ann@example.org", "deleted", "stayed"};

struct Totals {
  std::int64_t edited = 0;
  std::int64_t busy = 0;
  std::int64_t unchanged = 0;
};

/// One choice of records, step by step. False: a complaint was written.
bool run_steps(Context& context, const QueueAccess& access, const EditVerb& verb,
               control::QueueQuery::Words words, Totals& totals) {
  for (;;) {
    auto answer = access.ask("POST", fmt::format("/v1/queue/records/{}{}", verb.name, query_text(words)));
    if (!answer) {
      context.exit_code = context.complain(answer.error());
      if (totals.edited > 0)
        context.err << fmt::format("sluice: {} records had been {} by then\n", totals.edited, verb.done);
      return false;
    }
    totals.edited += number_at(*answer, "edited");
    totals.busy += number_at(*answer, "busy");
    totals.unchanged += number_at(*answer, "unchanged");
    const auto next = text_at(*answer, "next");
    if (next.empty()) return true;
    words["cursor"] = next;
  }
}

int report(Context& context, const EditVerb& verb, const Totals& totals) {
  if (context.json) {
    context.out << boost::json::serialize(boost::json::object{
                       {"edited", totals.edited}, {"busy", totals.busy}, {"unchanged", totals.unchanged}})
                << '\n';
    return kExitOk;
  }
  context.out << fmt::format("{} records {}", grouped(totals.edited), verb.done);
  if (totals.unchanged > 0) context.out << fmt::format("; {} {}", grouped(totals.unchanged), verb.unchanged);
  if (totals.busy > 0)
    context.out << fmt::format("; {} are being attempted and were left alone", grouped(totals.busy));
  context.out << '\n';
  return kExitOk;
}

int edit_records(Context& context, const EditVerb& verb, const QueueWords& chosen) {
  auto access = QueueAccess::open(context);
  if (!access) return context.exit_code;
  auto words = chosen.words();
  if (chosen.all) words["all"] = "1";
  Totals totals;
  if (chosen.ids.empty())
    return run_steps(context, *access, verb, words, totals) ? report(context, verb, totals)
                                                            : context.exit_code;
  for (const auto& id : chosen.ids) {
    const auto before = totals.edited + totals.busy + totals.unchanged;
    words["id"] = id;
    if (!run_steps(context, *access, verb, words, totals)) return context.exit_code;
    if (totals.edited + totals.busy + totals.unchanged == before)
      return context.complain(kExitData, fmt::format("no message {} is queued", id));
  }
  return report(context, verb, totals);
}

int print_orders(Context& context, const boost::json::object& answer) {
  if (context.json) {
    context.out << boost::json::serialize(answer) << '\n';
    return kExitOk;
  }
  Table table({{"HELD"}, {"NAME"}, {"SINCE"}});
  for (const auto* row : objects_at(answer, "orders"))
    table.add({text_at(*row, "scope"), text_at(*row, "name"), text_at(*row, "since")});
  context.out << (table.empty() ? "No orders stand.\n" : table.text(context.terminal));
  return kExitOk;
}

/// The one word of a standing order: only a tenant, a domain or a provider was named.
std::optional<std::pair<std::string, std::string>> order_of(const QueueWords& chosen) {
  const auto words = chosen.words();
  if (!chosen.ids.empty() || words.size() != 1) return std::nullopt;
  const auto& [scope, name] = *words.begin();
  if (scope != "tenant" && scope != "domain" && scope != "provider") return std::nullopt;
  return std::pair(scope, name);
}

int edit(Context& context, const EditVerb& verb, const QueueWords& chosen) {
  if (!chosen.chooses() && !chosen.all) {
    return context.complain(kExitUsage,
                            fmt::format("queue {} needs a message id or a filter; --all means every "
                                        "record there is",
                                        verb.name));
  }
  const bool orders = &verb == &kHold || &verb == &kRelease;
  const auto order = orders ? order_of(chosen) : std::nullopt;
  if (!order) return edit_records(context, verb, chosen);
  const auto target =
      fmt::format("/v1/queue/orders/{}/{}", order->first, http::percent_encode(order->second));
  const auto answer = ask_service(context, &verb == &kHold ? "PUT" : "DELETE", target);
  return answer ? print_orders(context, *answer) : context.exit_code;
}

void add_edit(CLI::App& group, Context& context, const EditVerb& verb) {
  auto* added = add_verb(group, context, verb.name, verb.what, verb.example);
  const auto chosen = std::make_shared<QueueWords>();
  added->add_option("ID", chosen->ids, "ids of messages");
  chosen->add_to(*added, true);
  added->add_flag("--all", chosen->all, "every record: no filter is meant");
  on_run(added, context, [&context, &verb, chosen] { return edit(context, verb, *chosen); });
}

}  // namespace

void setup_queue_edit(CLI::App& group, Context& context) {
  for (const auto* verb : {&kFlush, &kHold, &kRelease, &kRequeue, &kDelete}) add_edit(group, context, *verb);
}

void setup_queue_orders(CLI::App& group, Context& context) {
  auto* verb =
      add_verb(group, context, "orders", "Standing orders: tenants, domains and providers that are held",
               "sluice queue orders --json");
  on_run(verb, context, [&context] {
    const auto answer = ask_service(context, "GET", "/v1/queue/orders");
    return answer ? print_orders(context, *answer) : context.exit_code;
  });
}

}  // namespace sluice::app
