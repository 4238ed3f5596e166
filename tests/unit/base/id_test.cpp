#include "engine/base/id.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(MessageId, GivesBackWhatItWasMadeOf) {
  const auto id = MessageId::make(from_ms(1'764'097'200'123), 0xabc, 0x89abcdef, 0x12'3456'789a);
  EXPECT_EQ(id.accepted(), from_ms(1'764'097'200'123));
  EXPECT_EQ(id.node(), 0xabc);
  EXPECT_EQ(id.stream(), 0x89abcdefU);
  EXPECT_EQ(id.row(), 0x12'3456'789aU);
}

TEST(MessageId, TextRoundTripsInEitherCase) {
  const auto id = MessageId::make(from_ms(1'764'097'200'123), 7, 42, 99);
  const auto text = id.text();
  EXPECT_EQ(text.size(), 26U);
  EXPECT_EQ(MessageId::parse(text), id);
  std::string upper = text;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(MessageId::parse(upper), id);
}

TEST(MessageId, SortsAsItsTextDoes) {
  const auto early = MessageId::make(from_ms(1000), 1, 9, 9);
  const auto late = MessageId::make(from_ms(1001), 0, 1, 1);
  EXPECT_LT(early, late);
  EXPECT_LT(early.text(), late.text());
}

TEST(MessageId, RefusesEverythingElse) {
  EXPECT_FALSE(MessageId::parse(""));
  EXPECT_FALSE(MessageId::parse("0123456789012345678901234"));   // 25
  EXPECT_FALSE(MessageId::parse("8zzzzzzzzzzzzzzzzzzzzzzzzz"));  // above 2^128
  EXPECT_FALSE(MessageId::parse("0123456789012345678901234u"));  // u is no digit
}

}  // namespace
}  // namespace sluice
