#include "engine/shaping/canary.hpp"

#include <gtest/gtest.h>

namespace sluice::shaping {
namespace {

using std::chrono::minutes;

const Instant kStart = from_ms(1'800'000'000'000);

CanaryOptions of(std::uint32_t size) {
  CanaryOptions out;
  out.size = size;
  return out;
}

void go(Canary& canary, std::string_view provider, int count, int bounced = 0, int unknown = 0) {
  for (int i = 0; i < count; ++i) canary.went(1, provider, kStart);
  for (int i = 0; i < count; ++i) canary.answered(1, provider, i < bounced, i >= count - unknown);
}

TEST(Canary, HoldsTheRestAtEachProviderUntilItsAnswersAreIn) {
  Canary canary;
  canary.begin(1, of(10));
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(canary.may_go(1, "google"));
    canary.went(1, "google", kStart);
  }
  EXPECT_FALSE(canary.may_go(1, "google"));
  EXPECT_TRUE(canary.may_go(1, "yahoo")) << "its own ten";
  EXPECT_TRUE(canary.may_go(2, "google")) << "another campaign has none";
  for (int i = 0; i < 9; ++i) canary.answered(1, "google", false, false);
  EXPECT_TRUE(canary.tick(kStart).empty());
  canary.answered(1, "google", false, false);
  const auto news = canary.tick(kStart);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_FALSE(news[0].tripped);
  EXPECT_TRUE(canary.may_go(1, "google"));
  EXPECT_TRUE(canary.tick(kStart).empty()) << "told once";
}

TEST(Canary, BegunLaterItWatchesWhatWentFreelyBefore) {
  Canary canary;
  canary.begin(2, of(10));
  EXPECT_TRUE(canary.may_go(1, "google")) << "it has none yet";
  canary.begin(1, of(1));
  canary.went(1, "google", kStart);
  EXPECT_FALSE(canary.may_go(1, "google"));
  canary.answered(1, "google", false, false);
  ASSERT_EQ(canary.tick(kStart).size(), 1U);
  EXPECT_TRUE(canary.may_go(1, "google")) << "passed";
  canary.begin(1, of(1));
  canary.went(1, "google", kStart);
  EXPECT_FALSE(canary.may_go(1, "google")) << "begun anew";
}

TEST(Canary, TripsOnTooManyHardBouncesWithAReason) {
  Canary canary;
  canary.begin(1, of(100));
  go(canary, "google", 100, 6);
  const auto news = canary.tick(kStart);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_TRUE(news[0].tripped);
  EXPECT_EQ(news[0].text,
            "canary: 6 of the first 100 at google bounced, 6.0 % and at most 5.0 % are allowed");
  EXPECT_FALSE(canary.watches(1)) << "resumed, it goes on without";
  EXPECT_TRUE(canary.may_go(1, "google"));
}

TEST(Canary, TripsOnRepliesNobodyKnows) {
  Canary canary;
  canary.begin(1, of(100));
  go(canary, "", 100, 0, 11);
  const auto news = canary.tick(kStart);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_NE(news[0].text.find("other sites were refused with replies we do not know"), std::string::npos);
}

TEST(Canary, PassesAtTheLimitItself) {
  Canary canary;
  canary.begin(1, of(100));
  go(canary, "google", 100, 5, 10);
  const auto news = canary.tick(kStart);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_FALSE(news[0].tripped);
}

TEST(Canary, JudgesWhatIsInWhenAnswersDoNotCome) {
  Canary canary;
  canary.begin(1, of(10));
  for (int i = 0; i < 10; ++i) canary.went(1, "google", kStart);
  EXPECT_TRUE(canary.tick(kStart + minutes(9)).empty());
  ASSERT_EQ(canary.tick(kStart + minutes(10)).size(), 1U);
  EXPECT_TRUE(canary.may_go(1, "google"));
}

TEST(Canary, OneProviderThatTripsHoldsTheWholeCampaign) {
  Canary canary;
  canary.begin(1, of(10));
  go(canary, "alpha", 10);
  go(canary, "beta", 10, 10);
  const auto news = canary.tick(kStart);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_TRUE(news[0].tripped);
}

TEST(Canary, ASizeOfZeroIsNoCanary) {
  Canary canary;
  canary.begin(1, of(0));
  EXPECT_FALSE(canary.watches(1));
  EXPECT_TRUE(canary.may_go(1, "google"));
}

}  // namespace
}  // namespace sluice::shaping
