// What a receiver's refusals teach about the number of connections it takes.
#include "engine/delivery/tolerance.hpp"

#include <gtest/gtest.h>

namespace sluice::delivery {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{std::chrono::hours(1)};

TEST(Tolerance, KnowsNothingAtFirst) { EXPECT_EQ(Tolerance().limit(kStart), SIZE_MAX); }

TEST(Tolerance, FallsToWhatWorkedAndNoFurther) {
  Tolerance tolerance;
  tolerance.refused(12, kStart);
  EXPECT_EQ(tolerance.limit(kStart + 1s), 12U);
}

TEST(Tolerance, NeverFallsBelowOne) {
  Tolerance tolerance;
  tolerance.refused(0, kStart);
  EXPECT_EQ(tolerance.limit(kStart), 1U);
}

TEST(Tolerance, TriesOneMoreAfterAWaitThatGrowsFourfold) {
  Tolerance tolerance;
  auto now = kStart;
  tolerance.refused(5, now);
  for (const auto wait : {30s, 120s, 480s, 600s, 600s}) {
    EXPECT_EQ(tolerance.limit(now + wait - 1s), 5U);
    now += wait;
    EXPECT_EQ(tolerance.limit(now), 6U);
    tolerance.refused(5, now);
  }
}

TEST(Tolerance, LearnsOneThingFromRefusalsThatComeTogether) {
  Tolerance tolerance;
  tolerance.refused(8, kStart);
  tolerance.refused(7, kStart + 10ms);
  tolerance.refused(9, kStart + 20ms);
  EXPECT_EQ(tolerance.limit(kStart + 29s), 7U);
  EXPECT_EQ(tolerance.limit(kStart + 30s), 8U);
}

TEST(Tolerance, RisesAtOnceWithWhatWasUnderWay) {
  Tolerance tolerance;
  tolerance.refused(3, kStart);
  tolerance.accepted(4, kStart + 10ms);
  tolerance.accepted(5, kStart + 20ms);
  EXPECT_EQ(tolerance.limit(kStart + 1s), 5U);
}

TEST(Tolerance, GrowsFastOnceTheReceiverTakesMore) {
  Tolerance tolerance;
  tolerance.refused(4, kStart);
  auto now = kStart + 30s;
  std::size_t open = 4;
  unsigned seconds = 0;
  while (tolerance.limit(now) != SIZE_MAX) {
    ASSERT_LT(++seconds, 20U) << open;
    for (const auto most = tolerance.limit(now); open < most;) tolerance.accepted(++open, now);
    now += 1s;
  }
  EXPECT_GE(open, 1000U);
}

TEST(Tolerance, ASuccessBringsTheShortWaitBack) {
  Tolerance tolerance;
  tolerance.refused(4, kStart);
  tolerance.refused(4, kStart + 30s);
  tolerance.accepted(5, kStart + 150s);
  tolerance.refused(5, kStart + 151s);
  EXPECT_EQ(tolerance.limit(kStart + 180s), 5U);
  EXPECT_EQ(tolerance.limit(kStart + 181s), 6U);
}

}  // namespace
}  // namespace sluice::delivery
