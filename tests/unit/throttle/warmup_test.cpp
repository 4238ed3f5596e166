// The daily ladder of a new address: what a day allows, and when it goes up.
#include "throttle/warmup.hpp"

#include <gtest/gtest.h>

namespace sluice::throttle {
namespace {

using namespace std::chrono_literals;

constexpr Day kMonday = 20'000;

WarmupPlan plan() { return {{50, 100, 500}, 0}; }

WarmupState on(Day day, std::uint64_t attempts = 50) { return {.day = day, .attempts = attempts}; }

TEST(Warmup, ReadsLaddersByNameAndByStep) {
  EXPECT_EQ(*parse_ladder("50, 100,1k,2m"), (std::vector<std::uint64_t>{50, 100, 1'000, 2'000'000}));
  EXPECT_EQ(parse_ladder("standard")->front(), 50U);
  EXPECT_GT(parse_ladder("gentle")->size(), parse_ladder("standard")->size());
}

TEST(Warmup, RefusesWhatIsNoLadder) {
  for (const auto* text : {"", "fast", "50,", ",50", "0", "-5", "50 100", "5kk", "1.5k", "50;100",
                           "9999999999", "2000m", "99999999999999999999999"}) {
    const auto result = parse_ladder(text);
    ASSERT_FALSE(result) << text;
    EXPECT_NE(result.error().text.find("standard"), std::string::npos) << "says what would be right";
  }
  std::string long_one = "1";
  for (std::size_t i = 0; i < kMaxSteps; ++i) long_one += ",1";
  EXPECT_FALSE(parse_ladder(long_one));
}

TEST(Warmup, ReadsDays) {
  EXPECT_EQ(*parse_day("1970-01-02"), 1);
  EXPECT_EQ(to_text(*parse_day("2026-12-01")), "2026-12-01");
  EXPECT_EQ(*parse_day("2028-02-29") + 1, *parse_day("2028-03-01"));
  for (const auto* text : {"", "2026-13-01", "2026-02-30", "2027-02-29", "26-12-01", "2026/12/01",
                           "2026-1-01", "2026-12-01T00:00", "-026-12-01", "abcd-ef-gh"})
    EXPECT_FALSE(parse_day(text)) << text;
}

TEST(Warmup, GoesUpADayThatSent) {
  auto state = on(kMonday);
  EXPECT_EQ(quota_of(plan(), state), 50U);
  EXPECT_TRUE(roll(plan(), state, start_of(kMonday + 1)));
  EXPECT_EQ(quota_of(plan(), state), 100U);
  EXPECT_EQ(state.held, WarmupHold::none);
  EXPECT_EQ(state.used, 0U);
}

TEST(Warmup, StaysOnTheSameDay) {
  auto state = on(kMonday);
  EXPECT_FALSE(roll(plan(), state, start_of(kMonday + 1) - 1us));
  EXPECT_FALSE(roll(plan(), state, start_of(kMonday) - 5h)) << "a clock that went back begins no day";
  EXPECT_EQ(state, on(kMonday));
}

TEST(Warmup, ADayWithoutMailDoesNotCount) {
  auto state = on(kMonday, 0);
  EXPECT_TRUE(roll(plan(), state, start_of(kMonday + 1)));
  EXPECT_EQ(quota_of(plan(), state), 50U);
  EXPECT_EQ(state.held, WarmupHold::idle);
}

TEST(Warmup, AWeekWithoutMailCountsAsOneDay) {
  auto state = on(kMonday);
  EXPECT_TRUE(roll(plan(), state, start_of(kMonday + 7)));
  EXPECT_EQ(state.step, 1U);
}

TEST(Warmup, HoldsTheStepAtHalfAPercentDeferred) {
  auto state = on(kMonday, 1000);
  state.deferrals = 5;
  EXPECT_TRUE(roll(plan(), state, start_of(kMonday + 1)));
  EXPECT_EQ(state.step, 0U);
  EXPECT_EQ(state.held, WarmupHold::deferrals);
  state = on(kMonday, 1000);
  state.deferrals = 4;
  EXPECT_TRUE(roll(plan(), state, start_of(kMonday + 1)));
  EXPECT_EQ(state.step, 1U);
}

TEST(Warmup, HoldsTheStepAtATenthOfAPercentComplaints) {
  auto state = on(kMonday, 1000);
  state.complaints = 1;
  EXPECT_TRUE(roll(plan(), state, start_of(kMonday + 1)));
  EXPECT_EQ(state.held, WarmupHold::complaints);
  EXPECT_EQ(state.step, 0U);
}

TEST(Warmup, IsWarmBehindTheLastStep) {
  auto state = on(kMonday);
  for (Day day = 1; day <= 5; ++day) {
    state.attempts = 50;
    EXPECT_TRUE(roll(plan(), state, start_of(kMonday + day)));
  }
  EXPECT_EQ(state.step, 3U);
  EXPECT_EQ(quota_of(plan(), state), kUnlimited);
}

TEST(Warmup, SendsNothingBeforeItsStart) {
  auto later = plan();
  later.start = kMonday + 1;
  auto state = on(kMonday, 0);
  EXPECT_EQ(quota_of(later, state), 0U);
  EXPECT_TRUE(roll(later, state, start_of(kMonday + 1)));
  EXPECT_EQ(quota_of(later, state), 50U);
}

TEST(Warmup, AShorterLadderLeavesNobodyBehindIt) {
  auto state = on(kMonday);
  state.step = 9;
  EXPECT_EQ(quota_of(plan(), state), kUnlimited);
  EXPECT_TRUE(roll(plan(), state, start_of(kMonday + 1)));
  EXPECT_EQ(state.step, 3U);
}

TEST(Warmup, StateSurvivesItsBytesAndDamageDoesNot) {
  WarmupState state{kMonday, 3, 500, 480, 2, 1, WarmupHold::complaints};
  std::string bytes;
  state.append_to(bytes);
  EXPECT_EQ(WarmupState::decode(bytes), state);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(WarmupState::decode(bytes.substr(0, cut))) << cut;
  EXPECT_FALSE(WarmupState::decode(bytes + '\0'));
  bytes.back() = 9;
  EXPECT_FALSE(WarmupState::decode(bytes));
}

}  // namespace
}  // namespace sluice::throttle
