#include "throttle/limit.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::throttle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart = from_ms(1'780'000'000'000);

Rate rate(std::string_view text) { return Rate::parse(text).value(); }

struct Asker final : Waiter {
  int woken = 0;
  ~Asker() override { pass_on(kStart); }
  void wake() override { ++woken; }
};

bool take(Limit& limit, Instant now, std::uint64_t n = 1) {
  Bucket::Receipt receipt;
  return limit.try_take(now, n, receipt);
}

TEST(Limit, AReleaseWakesAsManyAsItCanGrant) {
  Limit limit("policy \"a\" connections", "", 2);
  ASSERT_TRUE(take(limit, kStart, 2));
  Asker askers[3];
  for (auto& asker : askers) {
    const auto parked = limit.park(asker, kStart, 1);
    EXPECT_TRUE(parked.parked);
    EXPECT_FALSE(parked.arm) << "no timer can tell when a slot comes back";
  }
  limit.release(kStart, 2);
  EXPECT_EQ(askers[0].woken, 1);
  EXPECT_EQ(askers[1].woken, 1);
  EXPECT_EQ(askers[2].woken, 0);
  EXPECT_EQ(limit.waiting(), 1U);
}

TEST(Limit, DoesNotParkWhatItCanGrant) {
  Limit limit("policy \"a\" connections", "", 1);
  Asker asker;
  EXPECT_FALSE(limit.park(asker, kStart, 1).parked);
  EXPECT_EQ(asker.parked_on(), nullptr);
  EXPECT_EQ(limit.waiting(), 0U);
}

TEST(Limit, ABucketWakesAtTheInstantItHasTokensAndArmsOneTimer) {
  Limit limit("policy \"a\" message_rate", "", rate("10/s burst 1"));
  ASSERT_TRUE(take(limit, kStart));
  Asker first;
  Asker second;
  const auto parked = limit.park(first, kStart, 1);
  ASSERT_TRUE(parked.arm);
  EXPECT_EQ(*parked.arm, kStart + milliseconds(100));
  EXPECT_FALSE(limit.park(second, kStart, 1).arm) << "one timer is enough";

  EXPECT_EQ(limit.wake_due(*parked.arm, kStart + milliseconds(99)), *parked.arm) << "early: keep the timer";
  EXPECT_EQ(first.woken, 0);
  const auto next = limit.wake_due(*parked.arm, kStart + milliseconds(100));
  EXPECT_EQ(first.woken, 1);
  EXPECT_EQ(second.woken, 0) << "one token, one waiter";
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, kStart + milliseconds(200)) << "the first one's token counts as gone";
  EXPECT_EQ(limit.next_wake(), next);
  EXPECT_FALSE(limit.wake_due(*next, *next));
  EXPECT_EQ(second.woken, 1);
}

TEST(Limit, AnOvertakenTimerDoesNothing) {
  Limit limit("policy \"a\" message_rate", "", rate("1/d burst 1"));
  ASSERT_TRUE(take(limit, kStart));
  Asker asker;
  const auto slow = limit.park(asker, kStart, 1);
  ASSERT_TRUE(slow.arm);
  limit.set_rate(rate("1/s burst 1"), kStart);
  EXPECT_EQ(asker.woken, 1);
  const auto fast = limit.park(asker, kStart, 1);
  ASSERT_TRUE(fast.arm) << "an armed timer a day away is no timer";
  EXPECT_EQ(*fast.arm, kStart + seconds(1));
  EXPECT_FALSE(limit.wake_due(*slow.arm, *slow.arm));
  EXPECT_EQ(asker.woken, 1);
}

TEST(Limit, TheLoserOfARaceGoesToTheFront) {
  Limit limit("policy \"a\" connections", "", 1);
  ASSERT_TRUE(take(limit, kStart));
  Asker first;
  Asker second;
  ASSERT_TRUE(limit.park(first, kStart, 1).parked);
  ASSERT_TRUE(limit.park(second, kStart, 1).parked);
  limit.release(kStart, 1);
  ASSERT_EQ(first.woken, 1);
  ASSERT_TRUE(take(limit, kStart)) << "a third one was faster";
  ASSERT_TRUE(limit.park(first, kStart, 1).parked);
  limit.release(kStart, 1);
  EXPECT_EQ(first.woken, 2);
  EXPECT_EQ(second.woken, 0);
}

TEST(Limit, AnUnusedWakeUpIsPassedOn) {
  Limit limit("policy \"a\" connections", "", 1);
  Limit other("policy \"b\" connections", "", 1);
  ASSERT_TRUE(take(limit, kStart));
  ASSERT_TRUE(take(other, kStart));
  Asker first;
  Asker second;
  Asker third;
  for (auto* asker : {&first, &second, &third}) ASSERT_TRUE(limit.park(*asker, kStart, 1).parked);
  limit.release(kStart, 1);
  ASSERT_EQ(first.woken, 1);
  ASSERT_TRUE(other.park(first, kStart, 1).parked) << "denied elsewhere";
  EXPECT_EQ(second.woken, 1);
  second.pass_on(kStart);
  EXPECT_EQ(third.woken, 1);
}

TEST(Limit, WhatComesBackWakesHoweverItComesBack) {
  Limit slots("policy \"a\" connections", "", 1);
  Limit bucket("policy \"a\" message_rate", "", rate("1/d burst 1"));
  for (auto* limit : {&slots, &bucket}) {
    Bucket::Receipt receipt;
    Asker asker;
    ASSERT_TRUE(limit->try_take(kStart, 1, receipt));
    ASSERT_TRUE(limit->park(asker, kStart, 1).parked);
    limit->undo(kStart, 1, receipt);
    EXPECT_EQ(asker.woken, 1);
    ASSERT_TRUE(limit->try_take(kStart, 1, receipt));
    ASSERT_TRUE(limit->park(asker, kStart, 1).parked);
    limit->refund(kStart + seconds(1), 1, receipt);
    EXPECT_EQ(asker.woken, 2);
    asker.pass_on(kStart);
  }
}

TEST(Limit, LeavingTheListIsFinal) {
  Limit limit("policy \"a\" connections", "", 1);
  ASSERT_TRUE(take(limit, kStart));
  Asker first;
  Asker second;
  ASSERT_TRUE(limit.park(first, kStart, 1).parked);
  ASSERT_TRUE(limit.park(second, kStart, 1).parked);
  first.pass_on(kStart);
  limit.release(kStart, 1);
  EXPECT_EQ(first.woken, 0);
  EXPECT_EQ(second.woken, 1);
}

TEST(Limit, AskingAgainWhileParkedKeepsThePlace) {
  Limit limit("policy \"a\" connections", "", 1);
  ASSERT_TRUE(take(limit, kStart));
  Asker first;
  Asker second;
  ASSERT_TRUE(limit.park(first, kStart, 1).parked);
  ASSERT_TRUE(limit.park(second, kStart, 1).parked);
  ASSERT_TRUE(limit.park(first, kStart, 1).parked);
  EXPECT_EQ(limit.waiting(), 2U);
  limit.release(kStart, 1);
  EXPECT_EQ(first.woken, 1);
  EXPECT_EQ(second.woken, 0);
}

TEST(Limit, ANeedAboveTheBurstIsWokenByAFullBucket) {
  Limit limit("policy \"a\" byte_rate", "", rate("1,000/s burst 10"));
  ASSERT_TRUE(take(limit, kStart, 10));
  Asker large;
  const auto parked = limit.park(large, kStart, 500);
  ASSERT_TRUE(parked.arm);
  EXPECT_EQ(*parked.arm, kStart + milliseconds(10));
  EXPECT_FALSE(limit.wake_due(*parked.arm, *parked.arm));
  EXPECT_EQ(large.woken, 1);
  EXPECT_TRUE(take(limit, *parked.arm, 500));
}

TEST(Limit, LoweredBelowUseItGrantsNothingUntilEnoughCameBack) {
  Limit limit("policy \"a\" connections", "", 3);
  ASSERT_TRUE(take(limit, kStart, 3));
  limit.set_slots(1);
  limit.release(kStart, 2);
  EXPECT_FALSE(take(limit, kStart));
  limit.release(kStart, 1);
  EXPECT_TRUE(take(limit, kStart));
}

TEST(Limit, NamesAndDescribesItself) {
  Limit bucket("policy \"example.test\" message_rate", "", rate("100/s"));
  EXPECT_EQ(bucket.name(), "policy \"example.test\" message_rate 100/s");
  EXPECT_EQ(bucket.describe(kStart), "5 available");
  Limit slots("policy \"path\" connections", "site=mx.example.test", 5);
  EXPECT_EQ(slots.name(), "policy \"path\" connections 5 for site=mx.example.test");
  ASSERT_TRUE(take(slots, kStart, 5));
  Asker asker;
  ASSERT_TRUE(slots.park(asker, kStart, 1).parked);
  EXPECT_EQ(slots.describe(kStart), "5 of 5 in use, 1 waiting");
}

}  // namespace
}  // namespace sluice::throttle
