// `throttle show|set|reset`: the limits of the running service, and the operator's overrides.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <map>
#include <memory>
#include <ostream>

#include "config/value.hpp"
#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verb_throttle.hpp"
#include "engine/http/percent.hpp"
#include "throttle/policy.hpp"

namespace sluice::app {
namespace {

using Words = std::map<std::string, std::string>;

std::string target_of(std::string path, const Words& words) {
  auto join = '?';
  for (const auto& [key, value] : words) {
    path += fmt::format("{}{}={}", join, key, http::percent_encode(value));
    join = '&';
  }
  return path;
}

int print_json(Context& context, const boost::json::object& answer) {
  context.out << boost::json::serialize(answer) << '\n';
  return kExitOk;
}

std::string match_text(const boost::json::object& override) {
  const auto* match = override.if_contains("match");
  if (match == nullptr || !match->is_object()) return {};
  std::string out;
  for (const auto& [key, value] : match->get_object()) {
    const auto text = value.is_string() ? std::string_view(value.get_string()) : std::string_view();
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ", std::string_view(key), text);
  }
  return out.empty() ? "everything" : out;
}

void print_overrides(Context& context, const boost::json::object& answer) {
  Table table({{"OVERRIDE"}, {"FOR"}, {"EFFECT"}, {"UNTIL"}, {"BY"}, {"CAUSE"}});
  for (const auto* row : objects_at(answer, "overrides")) {
    table.add({text_at(*row, "id"), match_text(*row), text_at(*row, "effect"), text_at(*row, "until"),
               text_at(*row, "by"), text_at(*row, "cause")});
  }
  context.out << (table.empty() ? "No override is in force.\n" : table.text(context.terminal));
}

int show(Context& context, const std::string& name) {
  const auto answer = ask_service(context, "GET", target_of("/v1/throttles", {{"name", name}}));
  if (!answer) return context.exit_code;
  if (context.json) return print_json(context, *answer);
  Table table({{"LIMIT"}, {"STATE"}, {"WAITING", Table::Align::right}, {"READY"}});
  for (const auto* row : objects_at(*answer, "limits")) {
    table.add({text_at(*row, "name"), text_at(*row, "state"), grouped(number_at(*row, "waiting")),
               text_at(*row, "ready")});
  }
  context.out << (table.empty() ? "No limit has been met yet.\n" : table.text(context.terminal));
  const auto found = number_at(*answer, "limits_found");
  const auto shown = static_cast<std::int64_t>(objects_at(*answer, "limits").size());
  if (found > shown)
    context.out << fmt::format("{} of {} limits; name a part of theirs.\n", shown, grouped(found));
  context.out << '\n';
  print_overrides(context, *answer);
  return kExitOk;
}

struct SetWords {
  std::string id;
  std::string span;
  std::string cause;
  bool pause = false;
  Words words;  ///< of the match, and of what changes
};

int set(Context& context, const SetWords& given) {
  auto words = given.words;
  std::erase_if(words, [](const auto& word) { return word.second.empty(); });
  const auto span = config::parse_duration(given.span);
  if (!span) return context.complain(kExitUsage, "--for: " + span.error().text);
  if (span->count() <= 0) return context.complain(kExitUsage, "--for must be above 0s");
  auto id = given.id;
  for (const auto& [key, value] : words) {
    if (given.id.empty() && throttle::dimension_of(key))
      id += fmt::format("{}{}={}", id.empty() ? "" : " ", key, value);
  }
  if (id.empty()) id = "everything";
  words["for_ms"] = std::to_string(span->count());
  if (given.pause) words["pause"] = "1";
  if (!given.cause.empty()) words["cause"] = given.cause;
  const auto answer =
      ask_service(context, "PUT", target_of("/v1/throttles/overrides/" + http::percent_encode(id), words));
  if (!answer) return context.exit_code;
  if (context.json) return print_json(context, *answer);
  print_overrides(context, *answer);
  return kExitOk;
}

int reset(Context& context, const std::string& id, const std::string& name, bool all) {
  if (!id.empty()) {
    const auto answer = ask_service(context, "DELETE", "/v1/throttles/overrides/" + http::percent_encode(id));
    if (!answer) return context.exit_code;
    if (context.json) return print_json(context, *answer);
    print_overrides(context, *answer);
    return kExitOk;
  }
  if (name.empty() && !all) {
    return context.complain(kExitUsage,
                            "throttle reset needs --id of an override or a part of a limit's name; --all "
                            "refills every one");
  }
  const auto words = name.empty() ? Words{{"all", "1"}} : Words{{"name", name}};
  const auto answer = ask_service(context, "POST", target_of("/v1/throttles/reset", words));
  if (!answer) return context.exit_code;
  if (context.json) return print_json(context, *answer);
  context.out << fmt::format("{} limits are full again.\n", grouped(number_at(*answer, "reset")));
  return kExitOk;
}

void setup_set(CLI::App& group, Context& context) {
  auto* verb = add_verb(group, context, "set", "Pause or slow mail for a while",
                        "sluice throttle set --provider google --scale 0.25 --for 2h --cause \"421 4.7.28\"");
  const auto given = std::make_shared<SetWords>();
  for (std::size_t i = 0; i < throttle::kDimensions; ++i) {
    const std::string name = throttle::name_of(static_cast<throttle::Dimension>(i));
    verb->add_option("--" + name, given->words[name], "mail of this " + name + "; \"*\": each apart");
  }
  verb->add_flag("--pause", given->pause, "neither messages nor new connections");
  verb->add_option("--scale", given->words["scale"], "this share of every message rate, as in 0.25");
  verb->add_option("--rate", given->words["message_rate"], "a message rate on top, as in \"10/s burst 5\"");
  verb->add_option("--connections", given->words["connections"], "open at once");
  verb->add_option("--for", given->span, "how long, as in 90s, 30m, 2h")->required();
  verb->add_option("--cause", given->cause, "why; shown wherever it holds mail back");
  verb->add_option("--id", given->id, "its name; default: what it matches. The same name replaces");
  on_run(verb, context, [&context, given] { return set(context, *given); });
}

}  // namespace

void setup_throttle_limits(CLI::App& group, Context& context) {
  auto* verb = add_verb(group, context, "show", "Limits that were met, who waits for them, and overrides",
                        "sluice throttle show google");
  const auto name = std::make_shared<std::string>();
  verb->add_option("NAME", *name, "a part of the limits' names");
  on_run(verb, context, [&context, name] { return show(context, *name); });
  setup_set(group, context);

  struct ResetWords {
    std::string id;
    std::string name;
    bool all = false;
  };
  auto* again = add_verb(group, context, "reset", "End an override, or fill a rate or quota up again",
                         "sluice throttle reset --id \"provider=google\"");
  const auto words = std::make_shared<ResetWords>();
  again->add_option("NAME", words->name, "a part of the names of rates and quotas");
  again->add_option("--id", words->id, "the override that ends");
  again->add_flag("--all", words->all, "every rate and quota");
  on_run(again, context, [&context, words] { return reset(context, words->id, words->name, words->all); });
}

}  // namespace sluice::app
