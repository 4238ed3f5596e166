#include "queue/counters.hpp"

#include <gtest/gtest.h>

#include "engine/base/bytes.hpp"

namespace sluice::queue {
namespace {

Counters sample() { return {1000, 1, 20, 300, 4, 50, 6, 7, 8, 90}; }

TEST(Counters, ComeBackAsTheyWentIn) {
  std::string bytes;
  sample().append_to(bytes);
  const auto back = Counters::decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, sample());
}

TEST(Counters, RefuseFewerAndMoreNumbersThanTen) {
  std::string bytes;
  sample().append_to(bytes);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(Counters::decode(std::string_view(bytes).substr(0, cut))) << cut;
  }
  EXPECT_FALSE(Counters::decode(bytes + '\0'));
  EXPECT_FALSE(Counters::decode(std::string(10, '\xff'))) << "a number that never ends";
}

TEST(Counters, EveryFinalLeavesTheQueueOnce) {
  Counters counters;
  counters.injected = 5;
  for (const auto kind : {EventKind::delivered, EventKind::bounced, EventKind::expired, EventKind::suppressed,
                          EventKind::cancelled}) {
    const auto before = counters.queued();
    counters.count(kind);
    EXPECT_EQ(counters.queued(), before - 1) << name_of(kind);
  }
  EXPECT_EQ(counters.queued(), 0U);
  EXPECT_EQ(counters.finals(), 5U);
}

TEST(Counters, WhatIsNoFinalLeavesTheQueueAlone) {
  Counters counters;
  counters.injected = 5;
  for (const auto kind : {EventKind::deferred, EventKind::in_doubt, EventKind::returned, EventKind::complaint,
                          EventKind::campaign, EventKind::injected}) {
    counters.count(kind);
  }
  EXPECT_EQ(counters.queued(), 5U);
  EXPECT_EQ(counters.deferrals, 1U);
  EXPECT_EQ(counters.doubts, 1U);
}

}  // namespace
}  // namespace sluice::queue
