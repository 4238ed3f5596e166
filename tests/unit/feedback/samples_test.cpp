// Whole messages: our own in tests/data/feedback one by one; the shared collection by its rates.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/feedback/mail_address.hpp"
#include "engine/feedback/parse_feedback.hpp"
#include "tests/unit/feedback/samples.hpp"

namespace sluice::feedback {
namespace {

Feedback parse_file(const std::filesystem::path& file) {
  return parse_feedback(test::read_file(file), Classifier::builtin());
}

TEST(Samples, OrdinaryMailIsNothing) {
  const auto files = test::files_in(test::own_samples() / "ordinary");
  EXPECT_GE(files.size(), 20U);
  for (const auto& file : files) {
    const auto feedback = parse_file(file);
    EXPECT_EQ(name_of(feedback.kind), "none") << file;
    EXPECT_TRUE(feedback.results.empty()) << file;
  }
}

TEST(Samples, AnAutomaticAnswerIsNeverABounce) {
  const auto files = test::files_in(test::own_samples() / "autoreply");
  EXPECT_GE(files.size(), 15U);
  for (const auto& file : files) {
    const auto feedback = parse_file(file);
    EXPECT_EQ(name_of(feedback.kind), "autoreply") << file;
    ASSERT_EQ(feedback.results.size(), 1U) << file;
    EXPECT_EQ(feedback.results[0].result, ResultClass::autoreply) << file;
    EXPECT_FALSE(feedback.results[0].recipient.empty()) << file;
    EXPECT_EQ(feedback.results[0].recipient_action(), RecipientAction::none) << file;
  }
}

TEST(Samples, BouncesInManyForms) {
  std::map<std::string, std::vector<boost::json::object>> expected;
  for (auto& line : test::read_lines(test::own_samples() / "expected.jsonl")) {
    expected[test::text_of(line, "file")].push_back(line);
  }
  EXPECT_GE(expected.size(), 20U);
  for (const auto& [file, results] : expected) {
    const auto feedback = parse_file(test::own_samples() / file);
    ASSERT_EQ(feedback.results.size(), results.size()) << file;
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(feedback.results[i].recipient, test::text_of(results[i], "recipient")) << file;
      EXPECT_EQ(name_of(feedback.results[i].result), test::text_of(results[i], "class")) << file;
      EXPECT_EQ(name_of(feedback.results[i].reason), test::text_of(results[i], "reason"))
          << file << ' ' << feedback.results[i].rule << ' ' << feedback.results[i].diagnostic;
    }
  }
}

struct Rates {
  double all = 0, class_right = 0, recipient_right = 0;
  double true_hard = 0, false_hard = 0, missed_hard = 0;

  void count(const boost::json::object& expected, const Result* got, bool same_recipient) {
    all += 1;
    recipient_right += same_recipient ? 1 : 0;
    const auto wanted = test::text_of(expected, "class");
    const auto found = got == nullptr ? std::string_view("none") : name_of(got->result);
    class_right += found == wanted ? 1 : 0;
    true_hard += found == "hard" && wanted == "hard" ? 1 : 0;
    false_hard += found == "hard" && wanted != "hard" ? 1 : 0;
    missed_hard += found != "hard" && wanted == "hard" ? 1 : 0;
  }
  [[nodiscard]] double suppress_f1() const {
    return 2 * true_hard / (2 * true_hard + false_hard + missed_hard);
  }
};

/// The result of that recipient; else the next that nobody took.
const Result* match(std::vector<Result>& results, std::vector<bool>& taken, const std::string& recipient,
                    bool& same) {
  same = false;
  std::size_t chosen = results.size();
  for (std::size_t i = 0; i < results.size() && !same; ++i) {
    if (taken[i]) continue;
    same = recipient.empty() || same_address(results[i].recipient, recipient);
    if (same || chosen == results.size()) chosen = i;
  }
  if (chosen == results.size()) return nullptr;
  taken[chosen] = true;
  return &results[chosen];
}

TEST(Samples, SharedCollection) {
  const auto folder = test::shared_samples();
  if (!std::filesystem::exists(folder / "expected.jsonl")) {
    GTEST_SKIP() << folder << " is absent: the shared bounce samples are not part of the project";
  }
  Rates rates;
  for (const auto& line : test::read_lines(folder / "expected.jsonl")) {
    auto feedback = parse_file(folder / test::text_of(line, "file"));
    std::vector<bool> taken(feedback.results.size());
    for (const auto& entry : line.at("expected").as_array()) {
      bool same = false;
      const auto& expected = entry.as_object();
      const auto* got = match(feedback.results, taken, test::text_of(expected, "recipient"), same);
      rates.count(expected, got, same);
    }
  }
  std::printf("class %.3f, suppress F1 %.3f, recipient %.3f of %.0f\n", rates.class_right / rates.all,
              rates.suppress_f1(), rates.recipient_right / rates.all, rates.all);
  EXPECT_GE(rates.class_right / rates.all, 0.95);
  EXPECT_GE(rates.suppress_f1(), 0.95);
  EXPECT_GE(rates.recipient_right / rates.all, 0.97);
}

}  // namespace
}  // namespace sluice::feedback
