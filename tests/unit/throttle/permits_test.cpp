#include "throttle/permits.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <memory>
#include <vector>

namespace sluice::throttle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart = from_ms(1'780'000'000'000);

Rate rate(std::string_view text) { return Rate::parse(text).value(); }

TEST(Permits, AreAllOrNothing) {
  Limit slots("slots", "", 2);
  Limit wide("wide", "", rate("100/s burst 100"));
  Limit tight("tight", "", rate("1/s burst 1"));
  const std::vector<Limit*> limits{&slots, &wide, &tight};
  const auto first = acquire(limits, 1, kStart);
  ASSERT_TRUE(first);
  const auto denied = acquire(limits, 1, kStart);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().limit, &tight);
  EXPECT_EQ(denied.error().until, kStart + seconds(1));
  EXPECT_EQ(slots.available(kStart), 1U) << "what was taken on the way is back";
  EXPECT_EQ(wide.available(kStart), 99U);
}

TEST(Permits, SlotsComeBackAndTokensAreSpent) {
  Limit slots("slots", "", 2);
  Limit bucket("bucket", "", rate("1/s burst 5"));
  const std::vector<Limit*> limits{&slots, &bucket};
  {
    auto permits = acquire(limits, 2, kStart);
    ASSERT_TRUE(permits);
    const Permits moved = std::move(*permits);
    EXPECT_EQ(slots.available(kStart), 0U);
  }
  EXPECT_EQ(slots.available(kStart), 2U);
  EXPECT_EQ(bucket.available(kStart), 3U);
}

TEST(Permits, ARefundGivesBothBackOnce) {
  Limit slots("slots", "", 2);
  Limit bucket("bucket", "", rate("1/s burst 5"));
  const std::vector<Limit*> limits{&slots, &bucket};
  auto permits = acquire(limits, 2, kStart);
  ASSERT_TRUE(permits);
  permits->refund(kStart);
  permits->refund(kStart);
  EXPECT_EQ(slots.available(kStart), 2U);
  EXPECT_EQ(bucket.available(kStart), 5U);
}

TEST(Permits, OfARunTheUnusedTokensComeBack) {
  Limit bucket("bucket", "", rate("1/s burst 10"));
  Limit* const limits[] = {&bucket};
  auto permits = acquire_up_to(limits, 8, kStart);
  ASSERT_TRUE(permits);
  permits->refund_unused(kStart, 5);
  EXPECT_EQ(bucket.available(kStart), 7U);
}

TEST(Permits, UpToTakesWhatAllGrant) {
  Limit wide("wide", "", rate("100/s burst 100"));
  Limit tight("tight", "", rate("10/s burst 7"));
  const std::vector<Limit*> limits{&wide, &tight};
  const auto permits = acquire_up_to(limits, 64, kStart);
  ASSERT_TRUE(permits);
  EXPECT_EQ(permits->count(), 7U);
  EXPECT_EQ(wide.available(kStart), 93U);
  const auto denied = acquire_up_to(limits, 64, kStart);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().limit, &tight);
  EXPECT_EQ(denied.error().until, kStart + milliseconds(100));
}

TEST(Permits, TheDenialNamesTheLimitThatHoldsLongest) {
  Limit second("second", "", rate("1/s burst 1"));
  Limit day("day", "", rate("1/d burst 1"));
  const std::vector<Limit*> limits{&second, &day};
  ASSERT_TRUE(acquire(limits, 1, kStart));
  const auto denied = acquire(limits, 1, kStart);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().limit, &day);
}

TEST(Permits, NoLimitsAndNoUnitsAreGranted) {
  EXPECT_TRUE(acquire({}, 5, kStart));
  EXPECT_EQ(acquire_up_to({}, 5, kStart)->count(), 5U);
  Limit slots("slots", "", 1);
  Limit* const limits[] = {&slots};
  EXPECT_EQ(acquire_up_to(limits, 0, kStart)->count(), 0U);
}

TEST(Permits, ManyLimitsAreHeldToo) {
  std::vector<std::unique_ptr<Limit>> owned;
  std::vector<Limit*> limits;
  for (int i = 0; i < 20; ++i) {
    owned.push_back(std::make_unique<Limit>("slots", "", 1));
    limits.push_back(owned.back().get());
  }
  {
    auto permits = acquire(limits, 1, kStart);
    ASSERT_TRUE(permits);
    EXPECT_FALSE(acquire(limits, 1, kStart));
    Permits other;
    other = std::move(*permits);
    EXPECT_EQ(limits.back()->available(kStart), 0U);
  }
  for (const auto* limit : limits) EXPECT_EQ(limit->available(kStart), 1U);
}

/// A denied acquire leaves every limit as if never asked, whichever one denied.
TEST(PermitsProperty, ADenialLeavesNoTrace) {
  EXPECT_TRUE(rc::check([] {
    std::vector<std::unique_ptr<Limit>> owned;
    std::vector<Limit*> limits;
    const auto count = *rc::gen::inRange(1, 6);
    for (int i = 0; i < count; ++i) {
      const auto size = *rc::gen::inRange<std::uint32_t>(1, 20);
      owned.push_back(
          *rc::gen::arbitrary<bool>()
              ? std::make_unique<Limit>("slots", "", size)
              : std::make_unique<Limit>("bucket", "",
                                        Rate{*rc::gen::inRange<std::uint64_t>(1, 1000), seconds(1), size}));
      limits.push_back(owned.back().get());
    }
    auto now = kStart;
    std::vector<Permits> held;
    for (const auto want : *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 10))) {
      now += milliseconds(want);
      std::vector<std::uint64_t> before;
      for (const auto* limit : limits) before.push_back(limit->available(now));
      auto permits = acquire(limits, static_cast<std::uint64_t>(want), now);
      for (std::size_t i = 0; i < limits.size(); ++i) {
        if (permits && before[i] < static_cast<std::uint64_t>(want)) {
          RC_ASSERT(limits[i]->is_bucket());  // only a need above the burst
          continue;
        }
        const auto taken = permits ? static_cast<std::uint64_t>(want) : 0;
        RC_ASSERT(limits[i]->available(now) == before[i] - taken);
      }
      if (permits) held.push_back(std::move(*permits));
      if (want == 9) held.clear();
    }
  }));
}

}  // namespace
}  // namespace sluice::throttle
