#include "engine/feedback/unknown_texts.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sluice::feedback {
namespace {

void see(UnknownTexts& texts, const std::string& text) {
  const Refusal refusal{550, {}, text, "rcpt", {}, {}};
  texts.note(refusal, Classifier::builtin().classify(refusal));
}

TEST(UnknownTexts, TextsOfOneKindAreCountedTogether) {
  UnknownTexts texts;
  see(texts, "Zorgle <ann@example.net> flummoxed (a1b2c3d4e5)");
  see(texts, "Zorgle <bob@example.org> flummoxed (0099aabbcc)");
  see(texts, "Quux");
  see(texts, "User unknown");  // a rule knows it
  see(texts, "");
  const auto most = texts.most(10);
  ASSERT_EQ(most.size(), 2U);
  EXPECT_EQ(most[0].text, "zorgle <addr> flummoxed <id>");
  EXPECT_EQ(most[0].count, 2U);
  EXPECT_EQ(most[0].example, "Zorgle <ann@example.net> flummoxed (a1b2c3d4e5)");
  EXPECT_EQ(texts.most(1).size(), 1U);
}

TEST(UnknownTexts, AFloodOfTextsKeepsTheFrequentOnes) {
  UnknownTexts texts({.entries = 100});
  const auto word = [](int i) {
    std::string out;
    for (; i > 0; i /= 26) out.push_back(static_cast<char>('a' + i % 26));
    return out;
  };
  for (int i = 1; i < 20'000; ++i) {
    see(texts, "zq" + word(i));
    if (i % 10 == 0) see(texts, "frequent zorgle");
    ASSERT_LE(texts.size(), 100U);
  }
  EXPECT_EQ(texts.most(1).at(0).text, "frequent zorgle");
  EXPECT_GT(texts.not_kept(), 10'000U);
}

}  // namespace
}  // namespace sluice::feedback
