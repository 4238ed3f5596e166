#include "config/shaping_options.hpp"

#include "engine/base/assert.hpp"
#include "engine/shaping/engine.hpp"
#include "engine/shaping/rule_set.hpp"
#include "engine/shaping/share.hpp"

namespace sluice::config {
namespace {

template <class Entry>
shaping::Gait gait_of(const Entry& from) {
  shaping::Gait out;
  out.pause = from.pause;
  out.pause_max = from.pause_max;
  out.reduce_percent = from.reduce;
  out.recover_every = from.recover_every;
  out.recover_percent = from.recover;
  out.recover_max = from.recover_max;
  const auto least = throttle::Rate::parse(from.least);
  SLUICE_ASSERT(least.has_value());  // load() has parsed it
  out.least = *least;
  return out;
}

shaping::Action action_of(std::string_view word) {
  if (word == "connections") return shaping::Action::connections;
  if (word == "pause") return shaping::Action::pause;
  if (word == "source-out") return shaping::Action::source_out;
  return word == "ignore" ? shaping::Action::ignore : shaping::Action::slow;
}

shaping::RuleOptions rule_of(const ShapingRule& from) {
  shaping::RuleOptions out;
  out.name = from.name;
  out.provider = from.provider;
  out.stages = from.stages;
  out.codes = from.codes;
  out.enhanced = from.enhanced;
  out.texts = from.texts;
  out.bounce_classes = from.bounce_classes;
  out.reach = from.per == "site" ? shaping::Reach::site : shaping::Reach::provider;
  out.action = action_of(from.action);
  out.gait = gait_of(from);
  return out;
}

shaping::ControllerOptions controller_of(const ShapingController& from) {
  using namespace shaping;
  ControllerOptions out;
  out.name = from.name;
  out.whose = from.over == "campaign" ? Whose::campaign : from.over == "tenant" ? Whose::tenant : Whose::path;
  out.share = from.of == "bounced"      ? Share::bounced
              : from.of == "complained" ? Share::complained
              : from.of == "unknown"    ? Share::unknown
              : from.of == "blocked"    ? Share::blocked
                                        : Share::deferred;
  out.remedy = from.action == "hold" ? Remedy::hold : from.action == "pause" ? Remedy::pause : Remedy::slow;
  out.above = parse_share(from.above).value_or(0);
  out.minimum = from.minimum;
  out.window = from.window;
  out.gait = gait_of(from);
  return out;
}

}  // namespace

shaping::Options shaping_options(const Config& from) {
  shaping::Options out;
  if (!from.shaping.enabled) return out;
  for (const auto& rule : from.shaping_rules) {
    if (rule.enabled) out.rules.push_back(rule_of(rule));
  }
  for (const auto& controller : from.shaping_controllers) {
    if (controller.enabled) out.controllers.push_back(controller_of(controller));
  }
  return out;
}

Expected<> check_rule(const ShapingRule& rule) {
  shaping::Options one;
  one.rules.push_back(rule_of(rule));
  const auto compiled = shaping::RuleSet::compile(one);
  if (!compiled) return std::unexpected(compiled.error());
  return {};
}

Expected<> check_controller(const ShapingController& controller) {
  if (controller.of.empty()) {
    return fail(ErrorCode::invalid_input,
                "controller \"" + controller.name + "\": `of` is missing; write of = \"deferred\"");
  }
  auto why = shaping::problem_of(controller_of(controller));
  if (why.empty()) return {};
  return fail(ErrorCode::invalid_input, "controller \"" + controller.name + "\": " + why);
}

}  // namespace sluice::config
