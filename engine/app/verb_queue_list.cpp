// `queue list|show`.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/queue_access.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verb_queue.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kPage = 500;  ///< records asked for at a time

struct ListWanted {
  QueueWords words;
  std::size_t limit = 50;
};

void print_records(Context& context, const boost::json::array& records, const std::string& next) {
  using enum Table::Align;
  Table table({{"ID"}, {"CAMPAIGN"}, {"RECIPIENT"}, {"STATE"}, {"ATTEMPTS", right}, {"DUE"}, {"WAITS FOR"}});
  for (const auto& value : records) {
    const auto& row = value.as_object();
    const auto campaign = text_at(row, "campaign");
    table.add({text_at(row, "id"), campaign.empty() ? text_at(row, "flow") : campaign,
               text_at(row, "recipient"), text_at(row, "state"), grouped(number_at(row, "attempts")),
               text_at(row, "due"), text_at(row, "waits_for")});
  }
  context.out << (table.empty() ? "Nothing waits that fits.\n" : table.text(context.terminal));
  if (!next.empty()) context.out << "There is more: --cursor " << next << '\n';
}

int list(Context& context, const ListWanted& wanted) {
  auto access = QueueAccess::open(context);
  if (!access) return context.exit_code;
  auto words = wanted.words.words();
  auto next = wanted.words.cursor;
  boost::json::array records;
  std::int64_t damaged = 0;
  do {
    if (!next.empty()) words["cursor"] = next;
    auto answer = access->list(words, std::min(kPage, wanted.limit - records.size()));
    if (!answer) return context.complain(answer.error());
    for (const auto* row : objects_at(*answer, "records")) records.push_back(*row);
    next = text_at(*answer, "next");
    damaged += number_at(*answer, "damaged");
  } while (!next.empty() && records.size() < wanted.limit);
  if (damaged > 0) context.err << "sluice: " << damaged << " records do not decode and are left out\n";
  if (!context.json) {
    print_records(context, records, next);
    return kExitOk;
  }
  context.out << boost::json::serialize(boost::json::object{{"records", std::move(records)}, {"next", next}})
              << '\n';
  return kExitOk;
}

std::string reply_of(const boost::json::object& event) {
  const auto* reply = event.if_contains("reply");
  if (reply == nullptr || !reply->is_object()) return text_at(event, "detail");
  const auto& said = reply->get_object();
  return fmt::format("{} {} {}", number_at(said, "code"), text_at(said, "enhanced"), text_at(said, "text"));
}

void print_shown(Context& context, const boost::json::object& answer) {
  const auto line = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) context.out << fmt::format("{:<12}{}\n", name, safe_text(text));
  };
  if (const auto* record = answer.if_contains("record"); record != nullptr && record->is_object()) {
    const auto& row = record->get_object();
    for (const auto* key : {"id", "campaign", "flow", "tenant", "recipient", "provider", "state",
                            "stream_state", "waits_for", "accepted", "due", "expires"}) {
      line(key, text_at(row, key));
    }
    line("attempts", grouped(number_at(row, "attempts")));
    if (const auto doubts = number_at(row, "in_doubt"); doubts > 0) line("in_doubt", grouped(doubts));
  } else {
    line("state", "not queued");
  }
  const auto* event = answer.if_contains("last_event");
  if (event != nullptr && event->is_object()) {
    const auto& last = event->get_object();
    line("last event", text_at(last, "event") + " " + text_at(last, "time") + " " + text_at(last, "class"));
    line("last reply", reply_of(last));
  } else if (text_at(answer, "events_searched") == "newest") {
    line("last event", "none in the newest event files; older ones were not read");
  }
}

int show(Context& context, const std::string& id, const QueueWords& chosen) {
  auto access = QueueAccess::open(context);
  if (!access) return context.exit_code;
  auto words = chosen.words();
  boost::json::object shown;
  for (std::string next;;) {
    if (!next.empty()) words["cursor"] = next;
    auto answer = access->show(id, words);
    if (!answer) return context.complain(answer.error());
    shown = std::move(*answer);
    next = text_at(shown, "next");
    if (next.empty()) break;
  }
  const bool found = !shown["record"].is_null() || !shown["last_event"].is_null();
  if (context.json) {
    context.out << boost::json::serialize(shown) << '\n';
  } else if (found) {
    print_shown(context, shown);
  } else {
    const bool all = text_at(shown, "events_searched") == "all";
    return context.complain(kExitData, fmt::format("no message {} is queued, and {} speaks of it", id,
                                                   all ? "no event" : "none of the newest events"));
  }
  return found ? kExitOk : kExitData;
}

}  // namespace

void setup_queue_list(CLI::App& group, Context& context) {
  auto* verb = add_verb(group, context, "list", "Waiting records, one a line",
                        "sluice queue list --campaign autumn-2026 --state deferred --limit 100");
  const auto wanted = std::make_shared<ListWanted>();
  wanted->words.add_to(*verb, true);
  verb->add_option("--limit", wanted->limit, "at most so many")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  verb->add_option("--cursor", wanted->words.cursor, "go on where an earlier list ended")->type_name("TOKEN");
  on_run(verb, context, [&context, wanted] { return list(context, *wanted); });

  auto* one = add_verb(group, context, "show", "One message: its record, and the last that happened to it",
                       "sluice queue show 06av5v7y0000000000w00001a0");
  const auto id = std::make_shared<std::string>();
  const auto narrow = std::make_shared<QueueWords>();
  one->add_option("ID", *id, "the message's id")->required();
  one->add_option("--domain", narrow->domain, "its domain, when known: found at once in a long queue")
      ->type_name("DOMAIN");
  on_run(one, context, [&context, id, narrow] { return show(context, *id, *narrow); });
}

}  // namespace sluice::app
