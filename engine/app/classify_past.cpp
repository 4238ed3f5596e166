#include "engine/app/classify_past.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <ostream>
#include <tuple>

#include "engine/app/event_replies.hpp"
#include "engine/app/table.hpp"
#include "engine/feedback/unknown_texts.hpp"
#include "engine/feedback/visible_text.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kKinds = 10'000;  // different changes told apart; further ones are one row
constexpr std::size_t kExampleBytes = 300;

struct Change {
  std::uint64_t count = 0;
  std::string example;
};
/// class recorded, class now, rule that says so
using Changes = std::map<std::tuple<std::string, std::string, std::string>, Change>;

boost::json::object totals_json(const PastReplies& totals) {
  return {{"events", totals.events}, {"refusals", totals.refusals}, {"unreadable", totals.unreadable}};
}

std::string suppression_of(std::string_view before, std::string_view now) {
  const auto suppresses = [](std::string_view name) {
    const auto found = feedback::bounce_class_of(name);
    if (!found) return false;
    const auto action = feedback::action_of(*found).recipient;
    return action == feedback::RecipientAction::suppress ||
           action == feedback::RecipientAction::suppress_domain;
  };
  if (suppresses(before) == suppresses(now)) return {};
  return suppresses(now) ? "suppresses" : "no longer suppresses";
}

void print_changes(Context& context, const Changes& changes, const PastReplies& totals) {
  if (context.json) {
    boost::json::array list;
    for (const auto& [key, change] : changes) {
      const auto& [before, now, rule] = key;
      list.push_back({{"before", before},
                      {"now", now},
                      {"rule", rule},
                      {"count", change.count},
                      {"effect", suppression_of(before, now)},
                      {"example", change.example}});
    }
    auto out = totals_json(totals);
    out["changes"] = std::move(list);
    context.out << boost::json::serialize(out) << '\n';
    return;
  }
  Table table({{"BEFORE"}, {"NOW"}, {"COUNT", Table::Align::right}, {"RULE"}, {"EFFECT"}, {"EXAMPLE"}});
  for (const auto& [key, change] : changes) {
    const auto& [before, now, rule] = key;
    table.add({before, now, grouped(static_cast<std::int64_t>(change.count)), rule,
               suppression_of(before, now), change.example});
  }
  if (!table.empty()) context.out << table.text(context.terminal);
  context.out << grouped(static_cast<std::int64_t>(totals.refusals)) << " refusals in "
              << grouped(static_cast<std::int64_t>(totals.events)) << " events; "
              << (changes.empty() ? "nothing would be read otherwise"
                                  : "the rows above would be read otherwise")
              << '\n';
}

}  // namespace

int replay_events(Context& context, const feedback::Classifier& classifier,
                  const std::vector<std::string>& paths) {
  Changes changes;
  const auto totals = each_past_reply(paths, [&](const PastReply& past) {
    const auto verdict = classifier.classify(past.refusal);
    const auto now = name_of(verdict.bounce_class);
    if (now == past.event_class || past.event_class == "expired") return;
    auto key = std::tuple(feedback::visible_text(past.event_class, 100), std::string(now),
                          std::string(verdict.rule_id()));
    if (changes.size() >= kKinds && !changes.contains(key)) key = {"other", "other", ""};
    auto& change = changes[key];
    if (change.count++ == 0) change.example = feedback::visible_text(past.refusal.text, kExampleBytes);
  });
  if (!totals) return context.complain(totals.error());
  print_changes(context, changes, *totals);
  return changes.empty() ? kExitOk : kExitFailures;
}

int unknown_texts(Context& context, const feedback::Classifier& classifier,
                  const std::vector<std::string>& paths, std::size_t limit) {
  feedback::UnknownTexts texts;
  const auto totals = each_past_reply(
      paths, [&](const PastReply& past) { texts.note(past.refusal, classifier.classify(past.refusal)); });
  if (!totals) return context.complain(totals.error());
  Table table({{"COUNT", Table::Align::right}, {"CODE"}, {"CLASS"}, {"TEXT"}});
  boost::json::array list;
  for (const auto& entry : texts.most(limit)) {
    const auto code = entry.code == 0 ? std::string() : std::to_string(entry.code);
    table.add({grouped(static_cast<std::int64_t>(entry.count)), code,
               std::string(name_of(entry.bounce_class)), entry.text});
    list.push_back({{"text", feedback::visible_text(entry.text, kExampleBytes)},
                    {"count", entry.count},
                    {"code", entry.code},
                    {"class", name_of(entry.bounce_class)},
                    {"example", feedback::visible_text(entry.example, kExampleBytes)}});
  }
  if (context.json) {
    auto out = totals_json(*totals);
    out["unknown"] = std::move(list);
    out["not_kept"] = texts.not_kept();
    context.out << boost::json::serialize(out) << '\n';
    return kExitOk;
  }
  if (!table.empty()) context.out << table.text(context.terminal);
  context.out << grouped(static_cast<std::int64_t>(texts.size())) << " texts no rule knows, in "
              << grouped(static_cast<std::int64_t>(totals->refusals))
              << " refusals; sightings not kept: " << grouped(static_cast<std::int64_t>(texts.not_kept()))
              << '\n';
  return kExitOk;
}

}  // namespace sluice::app
