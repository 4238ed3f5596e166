#include "engine/control/live_counts.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

using queue::Event;
using queue::EventKind;

constexpr Instant kStart = from_ms(1'764'000'000'000);

Event event(EventKind kind, StreamId stream, std::string_view provider, Instant at) {
  Event out;
  out.kind = kind;
  out.stream = stream;
  out.provider = provider;
  out.time_ms = to_ms(at);
  return out;
}

class LiveCountsTest : public testing::Test {
 protected:
  void deliver(StreamId stream, std::string_view provider, int times, Instant at) {
    for (int i = 0; i < times; ++i) counts_.add(event(EventKind::delivered, stream, provider, at));
  }

  ManualClock clock_{kStart};
  LiveCounts counts_{clock_};
};

TEST_F(LiveCountsTest, CountsByStreamAndProvider) {
  counts_.add(event(EventKind::delivered, 1, "gmail", kStart));
  counts_.add(event(EventKind::delivered, 1, "gmail", kStart));
  counts_.add(event(EventKind::bounced, 1, "gmail", kStart));
  counts_.add(event(EventKind::expired, 1, "yahoo", kStart));
  counts_.add(event(EventKind::deferred, 2, "", kStart));
  const auto one = counts_.of(1);
  ASSERT_EQ(one.size(), 2U);
  EXPECT_EQ(one[0].provider, "gmail");
  EXPECT_EQ(one[0].delivered, 2U);
  EXPECT_EQ(one[0].bounced, 1U);
  EXPECT_EQ(one[1].expired, 1U);
  const auto two = counts_.of(2);
  ASSERT_EQ(two.size(), 1U);
  EXPECT_EQ(two[0].provider, "other");
  EXPECT_EQ(two[0].deferred, 1U);
  EXPECT_EQ(counts_.total().size(), 3U);
  EXPECT_TRUE(counts_.of(3).empty());
}

TEST_F(LiveCountsTest, OtherKindsCountNothing) {
  for (const auto kind :
       {EventKind::injected, EventKind::in_doubt, EventKind::campaign, EventKind::complaint}) {
    counts_.add(event(kind, 1, "gmail", kStart));
  }
  EXPECT_TRUE(counts_.of(1).empty());
  EXPECT_TRUE(counts_.total().empty());
}

TEST_F(LiveCountsTest, RateIsOfTheLastFiveWholeSeconds) {
  for (int second = 0; second < 5; ++second) deliver(1, "gmail", 100, kStart + std::chrono::seconds(second));
  clock_.set(kStart + std::chrono::seconds(5));
  EXPECT_DOUBLE_EQ(counts_.rate_of(1), 100.0);
  deliver(1, "gmail", 1000, clock_.now());
  EXPECT_DOUBLE_EQ(counts_.rate_of(1), 100.0) << "the second that has not ended is left out";
}

TEST_F(LiveCountsTest, RateFallsToZeroWhenNothingIsDelivered) {
  deliver(1, "gmail", 100, kStart);
  clock_.set(kStart + std::chrono::seconds(1));
  EXPECT_DOUBLE_EQ(counts_.rate_of(1), 20.0);
  clock_.set(kStart + std::chrono::seconds(6));
  EXPECT_DOUBLE_EQ(counts_.rate_of(1), 0.0);
  clock_.set(kStart + std::chrono::hours(24));
  deliver(1, "gmail", 5, clock_.now());
  clock_.advance(std::chrono::seconds(1));
  EXPECT_DOUBLE_EQ(counts_.rate_of(1), 1.0) << "a day's gap leaves nothing behind";
}

TEST_F(LiveCountsTest, AnEventLateByMoreThanTheWindowIsCountedButIsNoRate) {
  clock_.set(kStart + std::chrono::seconds(60));
  deliver(1, "gmail", 5, kStart + std::chrono::seconds(59));
  deliver(1, "gmail", 500, kStart + std::chrono::seconds(53));  // the same slot of the ring as second 59
  EXPECT_DOUBLE_EQ(counts_.rate_of(1), 1.0);
  EXPECT_EQ(counts_.of(1)[0].delivered, 505U);
}

TEST_F(LiveCountsTest, ProvidersBeyondTheBoundAreOther) {
  for (int i = 0; i < 1000; ++i) deliver(1, "p" + std::to_string(i), 1, kStart);
  std::uint64_t sum = 0;
  const auto all = counts_.of(1);
  EXPECT_LE(all.size(), 257U);
  for (const auto& provider : all) sum += provider.delivered;
  EXPECT_EQ(sum, 1000U);
}

}  // namespace
}  // namespace sluice::control
