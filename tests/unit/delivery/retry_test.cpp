#include "engine/delivery/retry.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sluice::delivery {
namespace {

using feedback::BounceClass;
using queue::EventKind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant kAccepted = from_ms(1'764'000'000'000);

class RetryTest : public testing::Test {
 protected:
  RetryTest() {
    options_.jitter_percent = 0;
    settings_.expire = hours(48);
  }

  NextStep step(EventKind kind, BounceClass bounce_class = BounceClass::other, Instant now = kAccepted) {
    const queue::Stream stream(1, settings_, queue::StreamState::running);
    queue::Record record{{1, queue::Phase::first, 0, "a.test", 1}, {"u", to_ms(kAccepted), trail_, ""}};
    return next_step(options_, stream, record, Outcome{kind, bounce_class, PathAction::none, {}}, 3, now,
                     random_);
  }
  NextStep defer(BounceClass bounce_class = BounceClass::other, Instant now = kAccepted) {
    return step(EventKind::deferred, bounce_class, now);
  }
  static auto wait(const NextStep& next, Instant now = kAccepted) {
    return queue::to_instant(next.due) - now;
  }

  RetryOptions options_;
  queue::StreamSettings settings_;
  queue::Trail trail_;
  Random random_{1};
};

TEST_F(RetryTest, TheLadderIsClimbedAndItsLastStepRepeats) {
  options_.ladder = {minutes(5), minutes(10), hours(1)};
  for (const auto expected : {minutes(5), minutes(10), minutes(60), minutes(60), minutes(60)}) {
    const auto next = defer();
    EXPECT_EQ(next.kind, EventKind::deferred);
    EXPECT_EQ(wait(next), expected) << "after attempt " << next.trail.attempts;
    EXPECT_EQ(next.trail.attempts, trail_.attempts + 1);
    trail_ = next.trail;
  }
}

TEST_F(RetryTest, AnEmptyLadderWaitsAsRfc5321Asks) {
  options_.ladder.clear();
  EXPECT_EQ(wait(defer()), minutes(30));
}

TEST_F(RetryTest, JitterStaysWithinItsBoundsAndUsesThem) {
  options_.jitter_percent = 20;
  options_.ladder = {minutes(100)};
  auto shortest = Micros::max();
  auto longest = Micros::min();
  std::set<queue::DueSecond> different;
  for (int i = 0; i < 2000; ++i) {
    const auto next = defer();
    different.insert(next.due);
    shortest = std::min<Micros>(shortest, wait(next));
    longest = std::max<Micros>(longest, wait(next));
  }
  EXPECT_GE(shortest, minutes(80));
  EXPECT_LE(longest, minutes(120) + seconds(1));
  EXPECT_LT(shortest, minutes(82));
  EXPECT_GT(longest, minutes(118));
  EXPECT_GT(different.size(), 500U);
}

TEST_F(RetryTest, GreylistingHasALadderOfItsOwn) {
  const auto next = defer(BounceClass::greylist);
  EXPECT_EQ(wait(next), minutes(1));
  EXPECT_TRUE(next.trail.greylisted);
  trail_ = next.trail;
  EXPECT_FALSE(defer(BounceClass::other).trail.greylisted) << "the last answer was none";
}

TEST_F(RetryTest, TheSourceIsKept) { EXPECT_EQ(defer().trail.source, 3); }

TEST_F(RetryTest, WhatWouldComeTooLateExpiresNow) {
  settings_.expire = minutes(10);
  EXPECT_EQ(defer(BounceClass::other, kAccepted + minutes(4)).kind, EventKind::deferred);
  const auto late = defer(BounceClass::other, kAccepted + minutes(5));
  EXPECT_EQ(late.kind, EventKind::expired) << "due exactly at the end is too late";
  EXPECT_EQ(late.trail.attempts, 1);
}

TEST_F(RetryTest, FinalsOnlyCountTheAttempt) {
  trail_ = {.attempts = 4, .source = 1};
  for (const auto kind : {EventKind::delivered, EventKind::bounced}) {
    const auto next = step(kind);
    EXPECT_EQ(next.kind, kind);
    EXPECT_EQ(next.trail.attempts, 5);
    EXPECT_EQ(next.due, 0U);
  }
}

TEST_F(RetryTest, AttemptsDoNotWrap) {
  trail_.attempts = 0xffff;
  EXPECT_EQ(defer().trail.attempts, 0xffff);
}

TEST_F(RetryTest, ADoubtIsRepeatedAfterItsDelayThenHeld) {
  options_.in_doubt_delay = minutes(30);
  options_.in_doubt_tries = 2;
  for (int doubt = 1; doubt <= 2; ++doubt) {
    const auto next = step(EventKind::in_doubt);
    EXPECT_EQ(next.kind, EventKind::in_doubt);
    EXPECT_EQ(next.trail.doubts, doubt);
    EXPECT_FALSE(next.trail.held);
    EXPECT_EQ(wait(next), minutes(30));
    trail_ = next.trail;
  }
  const auto third = step(EventKind::in_doubt);
  EXPECT_TRUE(third.trail.held);
  EXPECT_EQ(wait(third), hours(48)) << "held until its life ends";
}

TEST_F(RetryTest, ADoubtIsHeldAtOnceUnderThatPolicy) {
  options_.in_doubt = queue::DoubtPolicy::hold;
  const auto next = step(EventKind::in_doubt);
  EXPECT_EQ(next.kind, EventKind::in_doubt);
  EXPECT_TRUE(next.trail.held);
}

TEST_F(RetryTest, ADoubtIsADeliveryUnderAssumeDelivered) {
  options_.in_doubt = queue::DoubtPolicy::assume_delivered;
  EXPECT_EQ(step(EventKind::in_doubt).kind, EventKind::delivered);
}

TEST_F(RetryTest, ADoubtNeverOutlivesTheMessageAndIsNeverDueInThePast) {
  settings_.expire = minutes(10);
  options_.in_doubt_delay = minutes(30);
  EXPECT_EQ(wait(step(EventKind::in_doubt)), minutes(10));
  const auto now = kAccepted + minutes(20);
  EXPECT_EQ(wait(step(EventKind::in_doubt, BounceClass::network, now), now), seconds(1));
}

}  // namespace
}  // namespace sluice::delivery
