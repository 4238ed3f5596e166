// `suppress list|audit`.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/suppression_access.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verb_suppress.hpp"

namespace sluice::app {
namespace {

using control::SuppressionWords;

constexpr std::size_t kPage = 1000;

struct ListWanted {
  SuppressionWords words;
  std::size_t limit = 50;
};

std::string scope_text(const boost::json::object& entry) {
  auto out = text_at(entry, "scope");
  for (const auto* name : {"tenant", "list_id"}) {
    if (const auto text = text_at(entry, name); !text.empty()) out += " " + text;
  }
  return out;
}

void print_rows(Context& context, const boost::json::array& rows, const std::string& next) {
  Table table({{"SUBJECT"}, {"SCOPE"}, {"REASON"}, {"SINCE"}, {"EXPIRES"}, {"SOURCE"}, {"BY"}});
  for (const auto& value : rows) {
    const auto& row = value.as_object();
    const auto subject = text_at(row, "subject");
    for (const auto* entry : objects_at(row, "entries")) {
      table.add({subject.empty() ? "(erased)" : subject, scope_text(*entry), text_at(*entry, "reason"),
                 text_at(*entry, "time"), text_at(*entry, "expires"), text_at(*entry, "source"),
                 text_at(*entry, "by")});
    }
  }
  context.out << (table.empty() ? "Nobody who fits is suppressed.\n" : table.text(context.terminal));
  if (!next.empty()) context.out << "There is more: --cursor " << next << '\n';
}

int list(Context& context, const ListWanted& wanted) {
  auto access = SuppressionAccess::open(context);
  if (!access) return context.exit_code;
  auto words = wanted.words;
  auto next = words["cursor"];
  boost::json::array rows;
  do {
    words["cursor"] = next;
    words["limit"] = std::to_string(std::min(kPage, wanted.limit - rows.size()));
    auto answer = access->read("list", words);
    if (!answer && answer.error().code == ErrorCode::not_found) answer = boost::json::object{};
    if (!answer) return context.complain(answer.error());
    for (const auto* row : objects_at(*answer, "suppressions")) rows.push_back(*row);
    next = text_at(*answer, "next");
  } while (!next.empty() && rows.size() < wanted.limit);
  if (!context.json) {
    print_rows(context, rows, next);
    return kExitOk;
  }
  context.out << boost::json::serialize(
                     boost::json::object{{"suppressions", std::move(rows)}, {"next", next}})
              << '\n';
  return kExitOk;
}

int audit(Context& context, const ListWanted& wanted) {
  auto access = SuppressionAccess::open(context);
  if (!access) return context.exit_code;
  auto words = wanted.words;
  words["limit"] = std::to_string(wanted.limit);
  auto answer = access->read("audit", words);
  if (!answer && answer.error().code == ErrorCode::not_found) answer = boost::json::object{};
  if (!answer) return context.complain(answer.error());
  if (context.json) {
    context.out << boost::json::serialize(*answer) << '\n';
    return kExitOk;
  }
  Table table({{"TIME"}, {"ACTION"}, {"SUBJECT"}, {"SCOPE"}, {"REASON"}, {"BY"}, {"WHY"}});
  for (const auto* line : objects_at(*answer, "lines")) {
    const auto* entry = line->if_contains("entry");
    const bool has = entry != nullptr && entry->is_object();
    table.add({text_at(*line, "time"), text_at(*line, "action"), text_at(*line, "subject"),
               has ? scope_text(entry->get_object()) : "", has ? text_at(entry->get_object(), "reason") : "",
               text_at(*line, "by"), text_at(*line, "why")});
  }
  context.out << (table.empty() ? "Nothing was changed by hand.\n" : table.text(context.terminal));
  if (const auto next = number_at(*answer, "next"); next > 0)
    context.out << "There is more: --before " << next << '\n';
  return kExitOk;
}

}  // namespace

void setup_suppress_list(CLI::App& group, Context& context) {
  auto* verb = add_verb(group, context, "list", "Who is suppressed, an entry a line, in no useful order",
                        "sluice suppress list --domain example.test --reason complaint --limit 100");
  const auto wanted = std::make_shared<ListWanted>();
  add_scope_options(*verb, wanted->words);
  verb->add_option("--domain", wanted->words["domain"], "only of this domain: all rows are read")
      ->type_name("DOMAIN");
  verb->add_option("--contains", wanted->words["contains"],
                   "only with this in the address: all rows are read")
      ->type_name("TEXT");
  verb->add_option("--limit", wanted->limit, "at most so many subjects")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  verb->add_option("--cursor", wanted->words["cursor"], "go on where an earlier list ended")
      ->type_name("TOKEN");
  on_run(verb, context, [&context, wanted] { return list(context, *wanted); });
  auto* lines = add_verb(group, context, "audit", "What was changed by hand, newest first",
                         "sluice suppress audit --limit 20");
  const auto of_audit = std::make_shared<ListWanted>();
  lines->add_option("--limit", of_audit->limit, "at most so many lines")
      ->check(CLI::Range(1, 5000))
      ->capture_default_str();
  lines->add_option("--before", of_audit->words["before"], "older than this line")->type_name("NUMBER");
  on_run(lines, context, [&context, of_audit] { return audit(context, *of_audit); });
}

}  // namespace sluice::app
