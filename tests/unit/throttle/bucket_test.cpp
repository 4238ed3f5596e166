#include "throttle/bucket.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <thread>
#include <vector>

namespace sluice::throttle {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart = from_ms(1'780'000'000'000);

Rate rate(std::string_view text) { return Rate::parse(text).value(); }

TEST(Bucket, IsSmall) { EXPECT_LE(sizeof(Bucket), 32U); }

TEST(Bucket, GrantsTheBurstThenTheRate) {
  Bucket bucket(rate("10/s burst 3"));
  EXPECT_EQ(bucket.available(kStart), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.try_take(kStart, 1));
  EXPECT_FALSE(bucket.try_take(kStart, 1));
  EXPECT_EQ(bucket.ready_at(kStart, 1), kStart + milliseconds(100));
  EXPECT_EQ(bucket.ready_at(kStart, 3), kStart + milliseconds(300));
  EXPECT_FALSE(bucket.try_take(kStart + milliseconds(100) - Micros(1), 1));
  EXPECT_TRUE(bucket.try_take(kStart + milliseconds(100), 1));
}

TEST(Bucket, FastAndSlowRatesAreExact) {
  for (const auto& [text, count, window] : {std::tuple{"5,000/s burst 1", 5'000, Micros(seconds(1))},
                                            {"3/d burst 1", 3, Micros(hours(24))},
                                            {"3/s burst 1", 3, Micros(seconds(1))},
                                            {"7/min burst 1", 7, Micros(seconds(60))}}) {
    Bucket bucket(rate(text));
    auto now = kStart;
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(bucket.try_take(now, 1)) << text;
      ASSERT_FALSE(bucket.try_take(now, 1)) << text;
      now = bucket.ready_at(now, 1);
    }
    EXPECT_LE(now - kStart - window, Micros(count))
        << text << ": a ready_at is rounded up to a microsecond at most";
    EXPECT_GE(now - kStart, window) << text;
  }
  Bucket bytes(rate("125,000,000/s burst 125"));
  EXPECT_TRUE(bytes.try_take(kStart, 125));
  EXPECT_EQ(bytes.ready_at(kStart, 125), kStart + Micros(1));
}

TEST(Bucket, MoreThanTheBurstIsGrantedFromAFullBucketAndPaidOff) {
  Bucket bucket(rate("1,000/s burst 100"));
  EXPECT_TRUE(bucket.try_take(kStart, 500));
  EXPECT_EQ(bucket.ready_at(kStart, 1), kStart + milliseconds(401));
  EXPECT_EQ(bucket.ready_at(kStart, 500), kStart + milliseconds(500));
  EXPECT_FALSE(bucket.try_take(kStart + milliseconds(499), 500));
  EXPECT_TRUE(bucket.try_take(kStart + milliseconds(500), 500));
}

TEST(Bucket, AnAbsurdTakeNeitherWrapsNorHoldsForEver) {
  Bucket bucket(rate("1/d burst 1"));
  EXPECT_TRUE(bucket.try_take(kStart, UINT64_MAX));
  EXPECT_FALSE(bucket.try_take(kStart, 1));
  EXPECT_FALSE(bucket.try_take(kStart + hours(24 * 3600), UINT64_MAX));
  EXPECT_TRUE(bucket.try_take(kStart + hours(24 * 3654), 1));
}

TEST(Bucket, AnOlderNowOfAnotherThreadIsHarmless) {
  Bucket bucket(rate("10/s burst 1"));
  EXPECT_TRUE(bucket.try_take(kStart + seconds(1), 1));
  EXPECT_FALSE(bucket.try_take(kStart, 1));
  EXPECT_TRUE(Bucket(rate("1/s")).try_take(Instant(seconds(-5)), 1)) << "before 1970 is a time too";
}

TEST(Bucket, RestoredIsNeverFullerThanFullNorEmptierThanEmpty) {
  Bucket bucket(rate("10/s burst 5"));
  EXPECT_TRUE(bucket.try_take(kStart, 4));
  Bucket after(rate("10/s burst 5"));
  after.restore(bucket.snapshot(), kStart);
  EXPECT_EQ(after.available(kStart), 1U);
  after.restore(kStart - hours(1000), kStart);
  EXPECT_EQ(after.available(kStart), 5U);
  after.restore(kStart + hours(1000), kStart);
  EXPECT_EQ(after.available(kStart), 0U);
  EXPECT_EQ(after.ready_at(kStart, 1), kStart + milliseconds(100)) << "blocks one interval at most";
}

TEST(Bucket, ANewRateKeepsWhatWasTaken) {
  Bucket bucket(rate("10/s burst 10"));
  EXPECT_TRUE(bucket.try_take(kStart, 10));
  bucket.set_rate(rate("100/s burst 10"), kStart);
  EXPECT_EQ(bucket.available(kStart), 0U) << "a reload is not a burst";
  EXPECT_EQ(bucket.available(kStart + milliseconds(50)), 5U) << "and what is owed is owed at the new rate";
  bucket.set_rate(rate("1/hr burst 2"), kStart + milliseconds(50));
  EXPECT_EQ(bucket.ready_at(kStart + milliseconds(50), 1), kStart + milliseconds(50) + hours(1));
}

TEST(Bucket, ALateRefundIsNotCreditedTwice) {
  Bucket bucket(rate("10/s burst 2"));
  const auto receipt = bucket.try_take(kStart, 1);
  bucket.refund(1, receipt, kStart + seconds(5));
  EXPECT_EQ(bucket.available(kStart + seconds(5)), 2U);
  EXPECT_TRUE(bucket.try_take(kStart + seconds(5), 2));
  bucket.refund(1, receipt, kStart + seconds(5));
  EXPECT_EQ(bucket.available(kStart + seconds(5)), 0U) << "time had refilled that token";
}

TEST(Bucket, RefundsFirstFirstLetThroughEarlyNoMoreThanTheFirst) {
  Bucket bucket(rate("10/s burst 2"));
  const auto first = bucket.try_take(kStart, 1);
  const auto second = bucket.try_take(kStart, 1);
  bucket.refund(1, first, kStart);
  const auto later = kStart + milliseconds(150);
  ASSERT_TRUE(bucket.try_take(later, 1));
  bucket.refund(1, second, later);
  EXPECT_EQ(bucket.available(later), 1U);
  EXPECT_EQ(bucket.ready_at(later, 2), later + milliseconds(50)) << "100 ms would be exact";
}

TEST(Bucket, ARefundAfterAResetDoesNotWrap) {
  Bucket bucket(rate("1/d burst 2"));
  const auto receipt = bucket.try_take(kStart, 2);
  bucket.reset();
  bucket.refund(2, receipt, kStart);
  EXPECT_EQ(bucket.available(kStart), 2U);
}

/// Random rate, random takes at random times: grants in every window stay within rate * window + burst.
TEST(BucketProperty, NeverMoreThanRateTimesWindowPlusBurst) {
  EXPECT_TRUE(rc::check([] {
    const Rate limit{*rc::gen::inRange<std::uint64_t>(1, 100'000),
                     *rc::gen::element<Micros>(seconds(1), seconds(60), hours(1)),
                     *rc::gen::inRange<std::uint64_t>(1, 50)};
    Bucket bucket(limit);
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 200'000), rc::gen::inRange(1, 8)));
    std::vector<std::pair<Instant, std::uint64_t>> grants;
    auto now = kStart;
    for (const auto& [wait, want] : steps) {
      now += Micros(wait);
      const auto n = std::min<std::uint64_t>(static_cast<std::uint64_t>(want), limit.burst);
      if (bucket.try_take(now, n)) grants.emplace_back(now, n);
    }
    for (std::size_t first = 0; first < grants.size(); ++first) {
      std::uint64_t sum = 0;
      for (std::size_t last = first; last < grants.size(); ++last) {
        sum += grants[last].second;
        const auto window =
            static_cast<unsigned __int128>((grants[last].first - grants[first].first).count());
        const auto most =
            window * limit.count / static_cast<std::uint64_t>(limit.period.count()) + limit.burst;
        RC_ASSERT(sum <= static_cast<std::uint64_t>(most));
      }
    }
  }));
}

/// Takes undone at once leave no trace: the same history without them gives the same bucket.
TEST(BucketProperty, RefundsAtTheInstantAreExact) {
  EXPECT_TRUE(rc::check([] {
    const Rate limit{*rc::gen::inRange<std::uint64_t>(1, 1'000'000), seconds(1),
                     *rc::gen::inRange<std::uint64_t>(1, 100)};
    Bucket with(limit);
    Bucket without(limit);
    auto now = kStart;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, bool>>>(
        rc::gen::pair(rc::gen::inRange(0, 50'000), rc::gen::arbitrary<bool>()));
    for (const auto& [wait, undone] : steps) {
      now += Micros(wait);
      const auto n = 1 + static_cast<std::uint64_t>(wait) % limit.burst;
      if (undone) {
        if (with.try_take(now, n)) with.refund(n);
      } else {
        RC_ASSERT(static_cast<bool>(with.try_take(now, n)) == static_cast<bool>(without.try_take(now, n)));
      }
      RC_ASSERT(with.available(now) == without.available(now));
      RC_ASSERT(with.ready_at(now, n) == without.ready_at(now, n));
    }
  }));
}

/// Grants that were kept stay within the bound, whenever the last one was given back.
TEST(BucketProperty, LateRefundsLastFirstNeverLetTooMuchThrough) {
  EXPECT_TRUE(rc::check([] {
    const Rate limit{*rc::gen::inRange<std::uint64_t>(1, 100), seconds(1),
                     *rc::gen::inRange<std::uint64_t>(1, 10)};
    Bucket bucket(limit);
    struct Grant {
      Instant at;
      std::uint64_t n;
      Bucket::Receipt receipt;
    };
    std::vector<Grant> kept;
    auto now = kStart;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 100'000), rc::gen::inRange(0, 100)));
    for (const auto& [wait, what] : steps) {
      now += Micros(wait);
      const auto n = 1 + static_cast<std::uint64_t>(what) % limit.burst;
      if (what < 60) {
        if (const auto receipt = bucket.try_take(now, n)) kept.push_back({now, n, receipt});
      } else if (!kept.empty()) {
        bucket.refund(kept.back().n, kept.back().receipt, now);
        kept.pop_back();
      }
    }
    for (auto first = kept.begin(); first != kept.end(); ++first) {
      std::uint64_t sum = 0;
      for (auto last = first; last != kept.end(); ++last) {
        sum += last->n;
        const auto window = static_cast<std::uint64_t>((last->at - first->at).count());
        RC_ASSERT(sum <= window * limit.count / 1'000'000 + limit.burst);
      }
    }
  }));
}

TEST(Bucket, ThreadsTogetherGetTheBurstOnce) {
  Bucket bucket(rate("1/hr burst 10,000"));
  std::atomic<int> granted{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        if (bucket.try_take(kStart, 1)) granted.fetch_add(1);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(granted, 10'000);
}

}  // namespace
}  // namespace sluice::throttle
