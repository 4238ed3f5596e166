#include "engine/feedback/rule_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/feedback/classifier.hpp"

namespace sluice::feedback {
namespace {

using testing::HasSubstr;

std::string problem_of(std::string_view toml, const RuleFileLimits& limits = {}) {
  const auto rules = parse_rules(toml, "own.toml", limits);
  return rules ? std::string("no problem") : rules.error().text;
}

TEST(BuiltinRules, AreAFileWithoutProblems) {
  const auto rules = parse_rules(builtin_rules_toml(), "bounce_rules.toml");
  ASSERT_TRUE(rules) << rules.error().text;
  EXPECT_GT(rules->size(), 40U);
  EXPECT_TRUE(Classifier::build(*rules));
}

TEST(RuleFile, ARuleHasWhatItsTableSays) {
  const auto rules = parse_rules(R"(
[[rule]]
id = "shop-full"
class = "mailbox-full"
text = ['box \d+ is full', "b"]
code = [452, "5xx"]
enhanced = ["5.2.x", "none"]
stage = "rcpt"
provider = ["google"]
mx = ["example.net"]
note = "seen 2026"
)",
                                 "own.toml");
  ASSERT_TRUE(rules) << rules.error().text;
  ASSERT_EQ(rules->size(), 1U);
  const auto& rule = rules->front();
  EXPECT_EQ(rule.id, "shop-full");
  EXPECT_EQ(rule.bounce_class, BounceClass::mailbox_full);
  EXPECT_EQ(rule.text.size(), 2U);
  EXPECT_TRUE(rule.codes[0].matches(452));
  EXPECT_FALSE(rule.codes[0].matches(453));
  EXPECT_TRUE(rule.codes[1].matches(599));
  EXPECT_TRUE(rule.enhanced[0].matches({5, 2, 77}));
  EXPECT_FALSE(rule.enhanced[0].matches({4, 2, 77}));
  EXPECT_TRUE(rule.enhanced[1].matches({}));
  EXPECT_EQ(rule.origin, "own.toml:2");
}

TEST(RuleFile, ProblemsNameTheLineAndTheNearestWord) {
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"mailboxfull\"\ncode = [550]\n"),
              HasSubstr("own.toml:3: `mailboxfull` is no class; did you mean `mailbox-full`?"));
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\nstagge = \"rcpt\"\ncode = 550\n"),
              HasSubstr("own.toml:4: unknown key `stagge`; did you mean `stage`?"));
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\nstage = \"rctp\"\n"),
              HasSubstr("own.toml:4: `rctp` is no stage; did you mean `rcpt`?"));
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\ntext = [\n 'good',\n '(bad',\n]\n"),
              HasSubstr("own.toml:6: `(bad` is no regular expression"));
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\ncode = [99]\n"),
              HasSubstr("own.toml:4: `99`"));
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\nenhanced = [\"5.7\"]\n"),
              HasSubstr("own.toml:4: `5.7`"));
  EXPECT_THAT(problem_of("[[rules]]\nid = \"a\"\n"), HasSubstr("did you mean `rule`?"));
  EXPECT_THAT(problem_of("x = [\n"), HasSubstr("own.toml:"));
}

TEST(RuleFile, WhatWouldMatchEverythingIsRefused) {
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\n"), HasSubstr("matches all"));
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\ntext = 'a*'\n"), HasSubstr("every text"));
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\ntext = '((a{30}){30}){2}'\n"),
              HasSubstr("own.toml:4: "));
}

TEST(RuleFile, EveryProblemIsNamedUpToALimit) {
  std::string toml;
  for (int i = 0; i < 100; ++i) toml += "[[rule]]\nclass = \"nothing\"\n";
  const auto text = problem_of(toml);
  EXPECT_EQ(std::ranges::count(text, '\n'), 49);
  EXPECT_THAT(problem_of("[[rule]]\nid = \"a\"\nclass = \"dns\"\ncode = 550\n[[rule]]\nid = \"a\"\n"
                         "class = \"dns\"\ncode = 551\n"),
              HasSubstr("own.toml:5: the id `a` is taken"));
  EXPECT_THAT(problem_of(std::string(100, '#'), {.file_bytes = 99}), HasSubstr("more than 99 bytes"));
}

TEST(RuleFile, OwnRulesComeFirstAndTakeThePlaceOfTheirNamesakes) {
  const auto base = *parse_rules(
      "[[rule]]\nid = \"a\"\nclass = \"dns\"\ncode = 550\n"
      "[[rule]]\nid = \"b\"\nclass = \"tls\"\ncode = 550\n"
      "[[rule]]\nid = \"c\"\nclass = \"tls\"\ncode = 551\n",
      "base.toml");
  const auto own = *parse_rules(
      "[[rule]]\nid = \"b\"\nclass = \"network\"\ncode = 550\n"
      "[[rule]]\nid = \"c\"\noff = true\n",
      "own.toml");
  const auto merged = merge_rules(own, base);
  ASSERT_EQ(merged.size(), 2U);
  EXPECT_EQ(merged[0].id, "b");
  EXPECT_EQ(merged[1].id, "a");
  const auto classifier = Classifier::build(merged);
  ASSERT_TRUE(classifier);
  EXPECT_EQ(classifier->classify({550, {}, "x", "rcpt", {}, {}}).bounce_class, BounceClass::network);
  EXPECT_EQ(classifier->classify({551, {}, "x", {}, {}, {}}).rule, nullptr);
}

TEST(RuleFile, AMissingFileIsNotFound) {
  EXPECT_EQ(read_rules("/nonexistent/rules.toml").error().code, ErrorCode::not_found);
  EXPECT_EQ(load_classifier("/nonexistent/rules.toml").error().code, ErrorCode::not_found);
  EXPECT_TRUE(load_classifier(""));
}

}  // namespace
}  // namespace sluice::feedback
