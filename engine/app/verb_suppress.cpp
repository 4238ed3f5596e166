// `suppress add|remove|check`; the group's other verbs are in verb_suppress_*.cpp.
#include "engine/app/verb_suppress.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/suppression_access.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"

namespace sluice::app {
namespace {

using control::SuppressionWords;

constexpr const char* kAddress = "ann@example.test, or a whole domain as @example.test";

/// One request a subject; the first that fails ends it.
int change(Context& context, SuppressionWords words, const std::vector<std::string>& subjects,
           const std::string& target, const char* counted, const char* done) {
  auto access = SuppressionAccess::open(context);
  if (!access) return context.exit_code;
  if (words["by"].empty()) words["by"] = who_acts();
  std::int64_t changed = 0;
  for (const auto& subject : subjects) {
    words["address"] = subject;
    const auto answer = access->change(target, body_of(words));
    if (!answer)
      return context.complain(exit_code_of(answer.error().code), subject + ": " + answer.error().text);
    const auto count = number_at(*answer, counted) + number_at(*answer, "renewed");
    changed += count;
    if (context.json) {
      context.out << boost::json::serialize(*answer) << '\n';
    } else if (count > 0) {
      context.out << fmt::format("{}: {}\n", safe_text(subject), done);
    } else {
      context.out << fmt::format("{}: nothing fits\n", safe_text(subject));
    }
  }
  return changed > 0 ? kExitOk : kExitData;
}

void print_entries(Context& context, const boost::json::object& answer, const char* key) {
  for (const auto* entry : objects_at(answer, key)) {
    std::string scope = text_at(*entry, "scope");
    for (const auto* name : {"tenant", "list_id"}) {
      if (const auto text = text_at(*entry, name); !text.empty()) scope += " " + text;
    }
    context.out << fmt::format("  {}: {}, since {}", safe_text(scope), text_at(*entry, "reason"),
                               text_at(*entry, "time"));
    for (const auto* name : {"expires", "source", "by"}) {
      if (const auto text = text_at(*entry, name); !text.empty())
        context.out << fmt::format(", {} {}", name, safe_text(text));
    }
    context.out << '\n';
  }
}

/// 0: mail goes; 1: it is stopped.
int check(Context& context, const SuppressionWords& words) {
  auto access = SuppressionAccess::open(context);
  if (!access) return context.exit_code;
  auto answer = access->read("check", words);
  if (!answer && answer.error().code == ErrorCode::not_found)
    answer = boost::json::object{{"stopped", nullptr}};
  if (!answer) return context.complain(answer.error());
  const auto stopped = text_at(*answer, "stopped");
  if (context.json) {
    context.out << boost::json::serialize(*answer) << '\n';
    return stopped.empty() ? kExitOk : kExitFailures;
  }
  context.out << fmt::format("{}: {}\n", safe_text(words.at("address")),
                             stopped.empty() ? "gets this mail" : "suppressed (" + stopped + ")");
  print_entries(context, *answer, "entries");
  print_entries(context, *answer, "domain_entries");
  return stopped.empty() ? kExitOk : kExitFailures;
}

}  // namespace

void add_scope_options(CLI::App& verb, SuppressionWords& words) {
  verb.add_option("--scope", words["scope"], "global, tenant or list; else by --tenant and --list")
      ->check(CLI::IsMember({"global", "tenant", "list"}));
  verb.add_option("--tenant", words["tenant"], "whose mail")->type_name("NAME");
  verb.add_option("--list", words["list"], "mail of this list_id")->type_name("LIST_ID");
  verb.add_option("--reason", words["reason"], "why they get none")
      ->check(CLI::IsMember({"manual", "imported", "unsubscribed", "complaint", "invalid-recipient",
                             "invalid-domain", "inactive", "soft-bounces"}));
}

void setup_suppress(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "suppress", "Who gets no mail: look, add, remove, import, export");
  auto* add = add_verb(*group, context, "add", "Suppress addresses or domains; in force when it answers",
                       "sluice suppress add ann@example.test --tenant shop --reason unsubscribed");
  const auto subjects = std::make_shared<std::vector<std::string>>();
  const auto words = std::make_shared<SuppressionWords>();
  add->add_option("ADDRESS", *subjects, kAddress)->required();
  add_scope_options(*add, *words);
  add->add_option("--expires", (*words)["expires"], "until then; else for ever")->type_name("TIME");
  add->add_option("--source", (*words)["source"], "where it comes from")->type_name("TEXT");
  add->add_option("--by", (*words)["by"], "who does it; else the user")->type_name("NAME");
  on_run(add, context, [&context, words, subjects] {
    return change(context, *words, *subjects, "/v1/suppressions", "added", "suppressed");
  });
  auto* remove = add_verb(*group, context, "remove", "Take entries back; each leaves a line in the audit",
                          "sluice suppress remove ann@example.test --why \"asked for it by phone\"");
  const auto gone = std::make_shared<std::vector<std::string>>();
  const auto which = std::make_shared<SuppressionWords>();
  remove->add_option("ADDRESS", *gone, kAddress)->required();
  add_scope_options(*remove, *which);
  remove->add_option("--why", (*which)["why"], "for the audit")->required()->type_name("TEXT");
  remove->add_option("--by", (*which)["by"], "who does it; else the user")->type_name("NAME");
  on_run(remove, context, [&context, which, gone] {
    return change(context, *which, *gone, "/v1/suppressions/remove", "removed", "no longer suppressed so");
  });
  auto* look = add_verb(*group, context, "check", "Does mail go there? Exit code 1: it is stopped",
                        "sluice suppress check ann@example.test --tenant shop --list news.shop.test");
  const auto asked = std::make_shared<SuppressionWords>();
  look->add_option("ADDRESS", (*asked)["address"], kAddress)->required();
  look->add_option("--tenant", (*asked)["tenant"], "whose mail; else of \"default\"")->type_name("NAME");
  look->add_option("--list", (*asked)["list"], "mail of this list_id")->type_name("LIST_ID");
  look->add_flag_callback(
      "--transactional", [asked] { (*asked)["transactional"] = "1"; }, "no newsletter but a receipt");
  on_run(look, context, [&context, asked] { return check(context, *asked); });
  setup_suppress_list(*group, context);
  setup_suppress_files(*group, context);
}

}  // namespace sluice::app
