// `classify`: one reply, messages that came back, or the past, by the rules.
#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "engine/app/classify_past.hpp"
#include "engine/app/feedback_view.hpp"
#include "engine/app/service.hpp"
#include "engine/app/verbs.hpp"
#include "engine/feedback/diagnostic.hpp"
#include "engine/feedback/reply_text.hpp"

namespace sluice::app {
namespace {

struct Wanted {
  std::vector<std::string> files;
  std::string reply;
  std::string provider;
  std::string stage = "rcpt";
  std::string mx;
  std::string rules;
  bool replay = false;
  bool unknown = false;
  std::size_t limit = 50;
};

/// "550 5.1.1 text" as a server writes it; code and enhanced code may be missing.
feedback::Refusal refusal_of(const Wanted& wanted) {
  feedback::Refusal out{0, {}, wanted.reply, wanted.stage, wanted.provider, wanted.mx};
  auto text = std::string_view(wanted.reply);
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  const bool coded = text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && digit(1) && digit(2) &&
                     (text.size() == 3 || text[3] == ' ' || text[3] == '-');
  if (coded) {
    out.code = static_cast<std::uint16_t>((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'));
    text.remove_prefix(std::min<std::size_t>(text.size(), 4));
  }
  out.enhanced = feedback::enhanced_of(text.substr(0, 16));
  return out;
}

int classify_reply(Context& context, const Wanted& wanted) {
  const auto classifier = rules_of(context, wanted.rules);
  if (!classifier) return context.exit_code;
  const auto refusal = refusal_of(wanted);
  const auto verdict = classifier->classify(refusal);
  const auto action = feedback::action_of(verdict.bounce_class);
  const auto* by = verdict.rule == nullptr ? "nothing" : verdict.by_text ? "text" : "codes";
  const auto origin = verdict.rule == nullptr ? std::string() : verdict.rule->origin;
  const auto general = feedback::normalised(refusal.text, 300);
  if (context.json) {
    context.out << boost::json::serialize(boost::json::object{{"class", name_of(verdict.bounce_class)},
                                                              {"rule", verdict.rule_id()},
                                                              {"rule_at", origin},
                                                              {"decided_by", by},
                                                              {"code", refusal.code},
                                                              {"enhanced", refusal.enhanced.text()},
                                                              {"stage", wanted.stage},
                                                              {"provider", wanted.provider},
                                                              {"normalised", general},
                                                              {"action", action_json(action)}})
                << '\n';
    return kExitOk;
  }
  const auto name = verdict.bounce_class == feedback::BounceClass::none
                        ? std::string_view("none: the reply is no refusal")
                        : name_of(verdict.bounce_class);
  context.out << fmt::format(
      "class      {}\nrule       {}{}\nrecipient  {}\nretry      {}\nbrake      {}\n"
      "alert      {}\n",
      name, verdict.rule == nullptr ? "none matches" : verdict.rule_id(),
      origin.empty() ? "" : fmt::format(" ({}, by {})", safe_text(origin), by),
      feedback::name_of(action.recipient), feedback::name_of(action.retry), feedback::name_of(action.brake),
      action.alert ? "yes" : "no");
  return kExitOk;
}

int classify_past(Context& context, const Wanted& wanted) {
  auto paths = wanted.files;
  if (paths.empty()) {
    const auto loaded = load_config(context);
    if (!loaded) return context.exit_code;
    paths.push_back(loaded->config.data_dir + "/events");
  }
  const auto classifier = rules_of(context, wanted.rules);
  if (!classifier) return context.exit_code;
  return wanted.replay ? replay_events(context, *classifier, paths)
                       : unknown_texts(context, *classifier, paths, wanted.limit);
}

int classify(Context& context, const Wanted& wanted) {
  if (wanted.replay || wanted.unknown) return classify_past(context, wanted);
  if (!wanted.reply.empty()) return classify_reply(context, wanted);
  if (wanted.files.empty())
    return context.complain(kExitUsage, "give a FILE, --reply, --replay or --unknown");
  const auto classifier = rules_of(context, wanted.rules);
  return classifier ? print_feedback(context, *classifier, wanted.files) : context.exit_code;
}

}  // namespace

void setup_classify(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "classify",
                        "Show what a reply or a bounce means: class, rule and action; try rules on the past",
                        "sluice classify --reply \"550 5.1.1 <ann@example.net>: User unknown\"");
  const auto wanted = std::make_shared<Wanted>();
  auto* files = verb->add_option(
      "FILE", wanted->files, "messages that came back; with --replay or --unknown event files or folders");
  auto* reply =
      verb->add_option("--reply", wanted->reply, "what a server said, with its codes")->type_name("TEXT");
  reply->excludes(files);
  verb->add_option("--stage", wanted->stage, "where it said so (default rcpt)")
      ->check(CLI::IsMember({"connect", "banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot"}))
      ->type_name("STAGE");
  verb->add_option("--provider", wanted->provider, "name of the [[provider]]")->type_name("NAME");
  verb->add_option("--mx", wanted->mx, "the host that said it")->type_name("HOST");
  verb->add_option("--rules", wanted->rules, "own rules before the built-in ones; default: [bounce] rules")
      ->type_name("FILE");
  auto* replay =
      verb->add_flag("--replay", wanted->replay,
                     "what these rules would read otherwise than past events say; exit 1 if anything");
  auto* unknown =
      verb->add_flag("--unknown", wanted->unknown, "count the texts no rule knows, in past events");
  replay->excludes(unknown)->excludes(reply);
  unknown->excludes(reply);
  verb->add_option("--limit", wanted->limit, "rows of --unknown")->check(CLI::Range(1, 10'000));
  on_run(verb, context, [&context, wanted] { return classify(context, *wanted); });
}

}  // namespace sluice::app
