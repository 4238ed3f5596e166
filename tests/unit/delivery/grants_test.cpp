#include "engine/delivery/grants.hpp"

#include <gtest/gtest.h>

namespace sluice::delivery {
namespace {

constexpr Instant kStart = from_ms(1'780'000'000'000);
constexpr StreamId kStream = 7;

/// A byte rate of 1,000 a second that may run 100,000 bytes ahead, and a daily quota of 3.
struct Fixture {
  Fixture() {
    throttle::PolicyOptions policy;
    policy.byte_rate = throttle::Rate::parse("1,000/s burst 100,000").value();
    policy.daily_quota = 3;
    set = throttle::PolicySet::create({policy}).value();
    limits = set->resolve({}, kStart);
    queue::StreamSettings settings;
    held.stream = std::make_shared<queue::Stream>(kStream, settings, queue::StreamState::running);
  }
  void grant(std::uint64_t bytes) {
    auto messages = throttle::acquire(limits->message, 1, kStart);
    auto some = throttle::acquire(limits->bytes, bytes, kStart);
    ASSERT_TRUE(messages && some);
    held.grant = grants.keep({limits, std::move(*messages), std::move(*some), {}, false});
  }
  [[nodiscard]] std::uint64_t bytes_left() const { return limits->bytes[0]->available(kStart); }
  [[nodiscard]] std::uint64_t messages_left() const { return limits->message[0]->available(kStart); }

  std::unique_ptr<throttle::PolicySet> set;
  std::shared_ptr<const throttle::Limits> limits;
  Grants grants{nullptr};
  queue::Held held;
};

TEST(Grants, PayExactlyTheBytesOfTheMessage) {
  Fixture smaller;
  smaller.grant(4096);
  EXPECT_TRUE(smaller.grants.pay_bytes(smaller.held, 1000, kStart));
  EXPECT_EQ(smaller.bytes_left(), 99'000U);
  EXPECT_TRUE(smaller.grants.pay_bytes(smaller.held, 1000, kStart)) << "fetched again, paid once";
  EXPECT_EQ(smaller.bytes_left(), 99'000U);
  smaller.grants.spend(smaller.held);
  EXPECT_EQ(smaller.bytes_left(), 99'000U);
  EXPECT_EQ(smaller.messages_left(), 2U);
  EXPECT_EQ(smaller.grants.size(), 0U);

  Fixture larger;
  larger.grant(4096);
  EXPECT_TRUE(larger.grants.pay_bytes(larger.held, 50'000, kStart));
  EXPECT_EQ(larger.bytes_left(), 50'000U);
}

TEST(Grants, WhatIsNotSentComesBackWhole) {
  for (const std::uint64_t size : {0U, 1000U, 50'000U}) {
    Fixture fixture;
    fixture.grant(4096);
    if (size > 0) {
      EXPECT_TRUE(fixture.grants.pay_bytes(fixture.held, size, kStart));
    }
    fixture.grants.give_back(fixture.held, kStart);
    EXPECT_EQ(fixture.held.grant, 0U);
    EXPECT_EQ(fixture.bytes_left(), 100'000U) << size;
    EXPECT_EQ(fixture.messages_left(), 3U) << size;
  }
}

TEST(Grants, AMessageBeyondTheRateIsRefusedAndAskedForWholeNextTime) {
  Fixture fixture;
  EXPECT_EQ(fixture.grants.expected_bytes(kStream), 4096U);
  fixture.grant(90'000);
  EXPECT_FALSE(fixture.grants.pay_bytes(fixture.held, 120'000, kStart));
  EXPECT_EQ(fixture.grants.expected_bytes(kStream), 120'000U);
  fixture.grants.give_back(fixture.held, kStart);
  EXPECT_EQ(fixture.bytes_left(), 100'000U);
}

TEST(Grants, OnlyMarksThatNoRecordHasComeBack) {
  Fixture fixture;
  std::vector<std::uint64_t> marks;
  for (int i = 0; i < 3; ++i) {
    fixture.grant(10);
    marks.push_back(fixture.held.grant);
  }
  std::vector<queue::Held> kept(3);
  kept[1].grant = marks[0];
  kept[2].grant = marks[2];
  fixture.grants.give_back_others(marks, kept, kStart);
  EXPECT_EQ(fixture.grants.size(), 2U);
  EXPECT_EQ(fixture.messages_left(), 1U);
}

}  // namespace
}  // namespace sluice::delivery
