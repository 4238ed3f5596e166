#include "engine/shaping/rule_set.hpp"

#include <gtest/gtest.h>

namespace sluice::shaping {
namespace {

RuleOptions named(std::string name) {
  RuleOptions out;
  out.name = std::move(name);
  return out;
}

RuleSet compiled(std::vector<RuleOptions> rules) {
  Options options;
  options.rules = std::move(rules);
  auto out = RuleSet::compile(options);
  EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().text);
  return std::move(*out);
}

std::string refusal(RuleOptions rule) {
  Options options;
  options.rules = {std::move(rule)};
  const auto out = RuleSet::compile(options);
  return out ? "" : out.error().text;
}

std::string found(const RuleSet& rules, const message::Reply& reply, std::string_view stage = "mail",
                  std::string_view provider = "google", std::string_view bounce_class = "rate-limit") {
  const auto* rule = rules.find(reply, stage, provider, bounce_class);
  return rule == nullptr ? "" : rule->name;
}

TEST(RuleSet, CodesAreMatchedDigitByDigit) {
  EXPECT_TRUE(code_matches("421", 421));
  EXPECT_TRUE(code_matches("42x", 421));
  EXPECT_TRUE(code_matches("4xx", 451));
  EXPECT_FALSE(code_matches("4xx", 550));
  EXPECT_FALSE(code_matches("421", 42));
  EXPECT_FALSE(code_matches("", 421));
}

TEST(RuleSet, EnhancedCodesAreMatchedPartByPart) {
  EXPECT_TRUE(enhanced_matches("4.7.28", {4, 7, 28}));
  EXPECT_TRUE(enhanced_matches("4.7.x", {4, 7, 0}));
  EXPECT_TRUE(enhanced_matches("x.7.1", {5, 7, 1}));
  EXPECT_FALSE(enhanced_matches("4.7.2", {4, 7, 28}));
  EXPECT_FALSE(enhanced_matches("4.7", {4, 7, 0}));
  EXPECT_FALSE(enhanced_matches("4.7.x", {}));
}

TEST(RuleSet, EveryConditionMustHoldAndTheFirstRuleWins) {
  auto first = named("first");
  first.provider = "yahoo";
  first.texts = {"too many"};
  auto second = named("second");
  second.codes = {"42x"};
  second.stages = {"mail", "rcpt"};
  auto third = named("third");
  third.bounce_classes = {"rate-limit"};
  const auto rules = compiled({first, second, third});
  const message::Reply reply{421, {4, 7, 0}, "TOO MANY messages"};
  EXPECT_EQ(found(rules, reply, "mail", "yahoo"), "first");
  EXPECT_EQ(found(rules, reply, "mail", "google"), "second");
  EXPECT_EQ(found(rules, reply, "dot", "google"), "third");
  EXPECT_EQ(found(rules, reply, "dot", "google", "policy"), "");
}

TEST(RuleSet, TakesNoRuleForAReplyThatIsNoRefusal) {
  auto any = named("any");
  any.texts = {"."};
  EXPECT_EQ(found(compiled({any}), {250, {2, 0, 0}, "too many"}), "");
}

TEST(RuleSet, APatternSpansTheLinesOfAReply) {
  auto rule = named("lines");
  rule.texts = {"unusual rate.*rate limited"};
  EXPECT_EQ(found(compiled({rule}), {421, {}, "an unusual rate\nof mail: rate limited"}), "lines");
}

TEST(RuleSet, HostileTextIsOnlyBytes) {
  auto rule = named("late");
  rule.texts = {"end of text"};
  const auto rules = compiled({rule});
  EXPECT_EQ(found(rules, {421, {}, std::string("\xff\xfe\0\x80 END OF TEXT", 16)}), "late");
  EXPECT_EQ(found(rules, {421, {}, std::string(5'000'000, '(') + "end of text"}), "")
      << "what is behind max_text_bytes is not looked at";
  EXPECT_EQ(found(rules, {421, {}, ""}), "");
}

TEST(RuleSet, APatternThatWouldRunAwayElsewhereEndsHere) {
  auto rule = named("nested");
  rule.texts = {"(a*)*(a*)*(a*)*b"};
  EXPECT_EQ(found(compiled({rule}), {421, {}, std::string(4096, 'a')}), "");
}

TEST(RuleSet, RefusesWhatIsNoRuleAndNamesIt) {
  EXPECT_NE(refusal(named("bare")).find("rule \"bare\": has no condition"), std::string::npos);
  auto code = named("c");
  code.codes = {"42"};
  EXPECT_NE(refusal(code).find("code \"42\""), std::string::npos);
  code.codes = {"250"};
  EXPECT_NE(refusal(code).find("code \"250\""), std::string::npos);
  auto enhanced = named("e");
  enhanced.enhanced = {"4.7"};
  EXPECT_NE(refusal(enhanced).find("enhanced \"4.7\""), std::string::npos);
  auto text = named("t");
  text.texts = {"("};
  EXPECT_NE(refusal(text).find("is no pattern"), std::string::npos);
  text.texts = {std::string(1001, 'a')};
  EXPECT_NE(refusal(text).find("longer than 1000"), std::string::npos);
  auto gait = named("g");
  gait.codes = {"421"};
  gait.gait.reduce_percent = 100;
  EXPECT_NE(refusal(gait).find("reduce"), std::string::npos);
  gait.gait.reduce_percent = 50;
  gait.gait.pause = gait.gait.pause_max + Millis(1);
  EXPECT_NE(refusal(gait).find("pause_max"), std::string::npos);
}

TEST(RuleSet, RefusesMoreRulesThanTheBound) {
  Options options;
  options.max_rules = 1;
  auto rule = named("a");
  rule.codes = {"421"};
  options.rules = {rule, rule};
  ASSERT_FALSE(RuleSet::compile(options));
  EXPECT_EQ(RuleSet::compile(options).error().code, ErrorCode::limit);
}

}  // namespace
}  // namespace sluice::shaping
