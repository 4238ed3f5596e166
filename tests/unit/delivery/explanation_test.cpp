#include "engine/delivery/explanation.hpp"

#include <gtest/gtest.h>

#include "throttle/permits.hpp"

namespace sluice::delivery {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1'000'000s};

std::vector<Blocker> denials_of(throttle::Limit& limit, std::uint64_t n = 1) {
  std::vector<Blocker> out;
  add_denials(out, {&limit}, n, kNow);
  return out;
}

TEST(Explanation, ALimitThatGrantsBlocksNothing) {
  throttle::Limit rate("policy \"a\" message_rate", "", *throttle::Rate::parse("10/s burst 1"));
  EXPECT_TRUE(denials_of(rate).empty());
}

TEST(Explanation, AnEmptyBucketIsNamedWithTheInstantOfItsNextToken) {
  throttle::Limit rate("policy \"a\" message_rate", "", *throttle::Rate::parse("6/min burst 1"));
  const std::vector<throttle::Limit*> limits{&rate};
  const auto taken = throttle::acquire(limits, 1, kNow);
  ASSERT_TRUE(taken);
  const auto found = denials_of(rate);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, "bucket");
  EXPECT_NE(found[0].what.find("policy \"a\" message_rate"), std::string::npos) << found[0].what;
  EXPECT_EQ(found[0].until, kNow + 10s);
}

TEST(Explanation, ABucketCountsThoseInFront) {
  throttle::Limit rate("policy \"a\" message_rate", "", *throttle::Rate::parse("6/min burst 1"));
  const std::vector<throttle::Limit*> limits{&rate};
  const auto taken = throttle::acquire(limits, 1, kNow);
  ASSERT_TRUE(taken);
  EXPECT_EQ(rate.ready_behind(kNow, 1, 2), kNow + 30s);
}

TEST(Explanation, SlotsEndWhenOneIsGivenBackWhichNobodyKnows) {
  throttle::Limit slots("policy \"a\" connections", "", std::uint32_t{1});
  const std::vector<throttle::Limit*> limits{&slots};
  const auto taken = throttle::acquire(limits, 1, kNow);
  ASSERT_TRUE(taken);
  const auto found = denials_of(slots);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, "concurrency");
  EXPECT_EQ(found[0].until, Instant::max());
}

TEST(Explanation, APauseEndsWithItsOverride) {
  throttle::Limit gate("override \"x\"", "", throttle::LimitValue(throttle::Gate{}), kNow + 5s);
  const auto found = denials_of(gate);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, "override");
  EXPECT_EQ(found[0].until, kNow + 5s);
}

TEST(Explanation, ASiteIsFreeWhenItsFirstPathIs) {
  SiteExplanation site;
  EXPECT_EQ(site.until(kNow), kNow);
  site.paths.push_back(
      {"a", 0, 0, {{"back-off", "busy", {}, kNow + 9s}, {"bucket", "x", {}, kNow + 2s}}, {}});
  EXPECT_EQ(site.until(kNow), kNow + 9s);
  site.paths.push_back({"b", 0, 0, {{"suspension", "listed", {}, kNow + 4s}}, {}});
  EXPECT_EQ(site.until(kNow), kNow + 4s);
  site.paths.push_back({"c", 1, 0, {}, {}});
  EXPECT_EQ(site.until(kNow), kNow);
}

PathExplanation path_with(std::vector<RateCap> caps, Instant until = kNow) {
  PathExplanation out;
  if (until > kNow) out.blockers.push_back({"back-off", "busy", {}, until});
  out.caps = std::move(caps);
  return out;
}

TEST(Explanation, WhatIsAllowedIsEachPathsTightestRate) {
  const int wide = 0;
  const int tight = 0;
  SiteExplanation site;
  EXPECT_EQ(allowed_per_second({site}, kNow), 0) << "no rate limits it";
  site.paths = {path_with({{&wide, 100}, {&tight, 10}}), path_with({{&wide, 100}})};
  EXPECT_NEAR(allowed_per_second({site}, kNow), 100, 1e-6) << "both share the wide one";
}

TEST(Explanation, ALimitThatPathsShareIsDividedNotDoubled) {
  const int shared = 0;
  SiteExplanation one;
  one.paths = {path_with({{&shared, 30}})};
  EXPECT_NEAR(allowed_per_second({one, one, one}, kNow), 30, 1e-6);
}

TEST(Explanation, WhatIsBlockedIsNotCountedWhereOthersAreFree) {
  const int a = 0;
  const int b = 0;
  SiteExplanation site;
  site.paths = {path_with({{&a, 5}}), path_with({{&b, 7}}, kNow + 60s)};
  EXPECT_NEAR(allowed_per_second({site}, kNow), 5, 1e-6);
  site.paths.front() = path_with({{&a, 5}}, kNow + 60s);
  EXPECT_NEAR(allowed_per_second({site}, kNow), 12, 1e-6) << "all wait: what goes once they may";
}

}  // namespace
}  // namespace sluice::delivery
