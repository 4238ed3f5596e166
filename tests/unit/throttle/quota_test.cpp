#include "throttle/quota.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <thread>
#include <vector>

#include "throttle/permits.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::throttle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// 2026-05-28T20:26:40Z: some way into a day and an hour of UTC.
constexpr Instant kStart = from_ms(1'780'000'000'000);

Instant day_after(Instant at) {
  const auto days = std::chrono::duration_cast<hours>(at.time_since_epoch()).count() / 24;
  return Instant(Micros(hours(24)) * (days + 1));
}

TEST(Quota, CountsWithinADayOfUtcAndBeginsAgainAtMidnight) {
  Quota quota({3, hours(24)});
  EXPECT_TRUE(quota.try_take(kStart, 2));
  EXPECT_FALSE(quota.try_take(kStart, 2)) << "all or none";
  EXPECT_TRUE(quota.try_take(kStart, 1));
  const auto midnight = day_after(kStart);
  EXPECT_EQ(quota.ready_at(kStart, 1), midnight);
  EXPECT_FALSE(quota.try_take(midnight - Micros(1), 1));
  EXPECT_TRUE(quota.try_take(midnight, 3));
  EXPECT_FALSE(quota.try_take(midnight, 1));
}

TEST(Quota, AClockThatGoesBackGrantsNothingTwice) {
  Quota quota({2, hours(1)});
  const auto later = kStart + hours(5);
  ASSERT_TRUE(quota.try_take(later, 2));
  EXPECT_FALSE(quota.try_take(kStart, 1));
  EXPECT_GT(quota.ready_at(kStart, 1), later);
}

TEST(Quota, ARefundCountsInItsOwnWindowOnly) {
  Quota quota({2, hours(1)});
  const auto receipt = quota.try_take(kStart, 2);
  quota.refund(1, receipt);
  EXPECT_EQ(quota.available(kStart), 1U);
  const auto next = kStart + hours(1);
  ASSERT_TRUE(quota.try_take(next, 2));
  quota.refund(1, receipt);
  EXPECT_EQ(quota.available(next), 0U);
}

TEST(Quota, MoreThanAllOfItIsNeverGranted) {
  Quota quota({2, hours(1)});
  EXPECT_EQ(quota.ready_at(kStart, 3), Instant::max());
}

TEST(Quota, RestoresOnlyWhatCanBeTrue) {
  Quota quota({10, hours(1)});
  const auto now_window = quota.count(kStart).window;
  quota.restore({now_window, 7}, kStart);
  EXPECT_EQ(quota.available(kStart), 3U);
  quota.restore({now_window - 1, 10}, kStart);
  EXPECT_EQ(quota.available(kStart), 3U) << "a window that is over";
  quota.restore({now_window + 400, 10}, kStart);
  EXPECT_EQ(quota.available(kStart), 0U);
  EXPECT_EQ(quota.available(kStart + hours(1)), 10U)
      << "a clock that was wrong holds back for a window at most";
  quota.restore({now_window, UINT64_MAX}, kStart);
  EXPECT_EQ(quota.available(kStart), 0U);
}

TEST(Quota, AnotherNumberKeepsTheCount) {
  Quota quota({10, hours(1)});
  ASSERT_TRUE(quota.try_take(kStart, 8));
  quota.set({20, hours(1)});
  EXPECT_EQ(quota.available(kStart), 12U);
  quota.set({5, hours(1)});
  EXPECT_EQ(quota.available(kStart), 0U);
}

TEST(Quota, NoInterleavingGrantsMoreInAWindow) {
  EXPECT_TRUE(rc::check("takes, refunds, steps of the clock, restarts", [] {
    const auto limit = *rc::gen::inRange<std::uint64_t>(1, 20);
    auto quota = std::make_unique<Quota>(Allowance{limit, hours(1)});
    std::map<std::uint64_t, std::uint64_t> granted;  // by window
    std::vector<std::pair<std::uint64_t, Bucket::Receipt>> held;
    auto now = kStart;
    auto latest = now;
    const auto steps = *rc::gen::inRange(1, 200);
    for (int i = 0; i < steps; ++i) {
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          now += minutes(*rc::gen::inRange(-90, 120));
          latest = std::max(latest, now);
          break;
        case 1: {
          now = std::max(now, latest);  // a clock that is windows behind after a restart may not be believed
          const auto saved = quota->count(now);
          quota = std::make_unique<Quota>(Allowance{limit, hours(1)});
          quota->restore(saved, now);
          break;
        }
        case 2:
          if (!held.empty()) {
            const auto [window, receipt] = held.back();
            held.pop_back();
            --granted[window];  // it was not sent, whether its window still takes it back or not
            quota->refund(1, receipt);
          }
          break;
        default:
          if (const auto receipt = quota->try_take(now, 1)) {
            const auto window = quota->count(now).window;
            ++granted[window];
            held.emplace_back(window, receipt);
          }
      }
      for (const auto& [window, count] : granted) RC_ASSERT(count <= limit);
    }
  }));
}

TEST(Quota, ThreadsTogetherGetExactlyTheQuota) {
  Quota quota({10'000, hours(24)});
  std::atomic<std::uint64_t> granted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        if (quota.try_take(kStart, 1)) granted.fetch_add(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(granted.load(), 10'000U);
}

PolicyOptions quota_policy(std::uint64_t daily) {
  PolicyOptions out;
  out.match[Dimension::provider] = "yahoo";
  out.daily_quota = daily;
  return out;
}

Subject yahoo() {
  Subject subject;
  subject[Dimension::provider] = "yahoo";
  subject[Dimension::domain] = "yahoo.test";
  return subject;
}

TEST(PolicySet, AQuotaSurvivesARestartExactly) {
  auto set = PolicySet::create({quota_policy(10)}).value();
  auto limits = set->resolve(yahoo(), kStart);
  EXPECT_TRUE(limits->exact);
  auto kept = acquire(limits->message, 4, kStart);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(set->any_changed());
  const auto saved = set->take_changed(kStart);
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_FALSE(set->any_changed());

  auto after = PolicySet::create({quota_policy(10)}).value();
  after->restore(saved, {}, kStart);
  const auto again = after->resolve(yahoo(), kStart);
  EXPECT_FALSE(acquire(again->message, 7, kStart));
  ASSERT_TRUE(acquire(again->message, 6, kStart));
  kept->refund(kStart);
  EXPECT_TRUE(set->any_changed()) << "what comes back is saved too";
}

TEST(PolicySet, AfterARestartFastBucketsBeginEmptyAndSlowOnesAsSaved) {
  auto fast = quota_policy(1'000'000);
  fast.daily_quota.reset();
  fast.message_rate = Rate::parse("100/s burst 50").value();
  auto slow = fast;
  slow.name = "slow";
  slow.message_rate = Rate::parse("1/hr").value();
  auto set = PolicySet::create({fast, slow}).value();
  set->restore({}, {}, kStart);
  const auto limits = set->resolve(yahoo(), kStart);
  ASSERT_EQ(limits->message.size(), 2U);
  EXPECT_EQ(limits->message[0]->available(kStart), 0U);
  EXPECT_EQ(limits->message[0]->available(kStart + std::chrono::milliseconds(500)), 50U);
  EXPECT_EQ(limits->message[1]->available(kStart), 1U) << "nothing was saved: it was full";
}

TEST(PolicySet, OverridesComeBackUnlessTheyAreOver) {
  auto set = PolicySet::create({}).value();
  Override lives;
  lives.id = "lives";
  lives.pause = true;
  lives.by = "operator";
  lives.until = kStart + hours(1);
  auto over = lives;
  over.id = "over";
  over.until = kStart;
  set->restore({}, {lives, over}, kStart);
  ASSERT_EQ(set->overrides(kStart).size(), 1U);
  EXPECT_NE(set->resolve(yahoo(), kStart)->paused(kStart), nullptr);
}

TEST(PolicySet, ResetRefillsWhatItsNameSays) {
  auto set = PolicySet::create({quota_policy(3)}).value();
  const auto limits = set->resolve(yahoo(), kStart);
  ASSERT_TRUE(acquire(limits->message, 3, kStart));
  EXPECT_EQ(set->reset("no such"), 0U);
  EXPECT_EQ(set->reset("daily_quota"), 1U);
  EXPECT_TRUE(acquire(limits->message, 3, kStart));
}

TEST(PolicySet, AnOverridingPolicySilencesWiderOnesForWhatItSets) {
  PolicyOptions wide;
  wide.match[Dimension::provider] = "yahoo";
  wide.message_rate = Rate::parse("10/s").value();
  wide.connections = 2;
  PolicyOptions narrow;
  narrow.match[Dimension::domain] = "yahoo.test";
  narrow.message_rate = Rate::parse("100/s").value();
  PolicyOptions tenant;
  tenant.match[Dimension::tenant] = "shop";
  tenant.message_rate = Rate::parse("50/s").value();
  auto subject = yahoo();
  subject[Dimension::tenant] = "shop";
  const auto names = [&](bool overrides) {
    narrow.overrides = overrides;
    const auto set = PolicySet::create({wide, narrow, tenant}).value();
    const auto limits = set->resolve(subject, kStart);
    EXPECT_EQ(limits->connection.size(), 1U) << "a limit it does not set stays";
    std::string out;
    for (const auto* limit : limits->message) out += limit->name() + "; ";
    return out;
  };
  EXPECT_EQ(names(false),
            "policy \"yahoo\" message_rate 10/s; policy \"yahoo.test\" message_rate 100/s; "
            "policy \"shop\" message_rate 50/s; ");
  EXPECT_EQ(names(true), "policy \"yahoo.test\" message_rate 100/s; policy \"shop\" message_rate 50/s; ")
      << "a tenant's limit is not wider than a domain's, it is another one";
}

TEST(Policy, NarrowerMeansNarrowerInEveryRespect) {
  const auto match = [](std::initializer_list<std::pair<Dimension, const char*>> values) {
    Match out;
    for (const auto& [dimension, value] : values) out[dimension] = value;
    return out;
  };
  using enum Dimension;
  const auto everything = Match{};
  const auto any_domain = match({{domain, "*"}});
  const auto one_domain = match({{domain, "a.test"}});
  const auto provider_google = match({{provider, "google"}});
  const auto from_a = match({{source, "a"}, {provider, "google"}});
  EXPECT_TRUE(narrower(one_domain, everything));
  EXPECT_TRUE(narrower(one_domain, any_domain));
  EXPECT_TRUE(narrower(one_domain, provider_google));
  EXPECT_TRUE(narrower(from_a, provider_google));
  EXPECT_TRUE(narrower(match({{stream, "s"}}), match({{tenant, "t"}})));
  EXPECT_FALSE(narrower(any_domain, provider_google)) << "each of many is not one of them";
  EXPECT_FALSE(narrower(one_domain, one_domain));
  EXPECT_FALSE(narrower(provider_google, from_a));
  EXPECT_FALSE(narrower(one_domain, match({{tenant, "t"}})));
  EXPECT_FALSE(narrower(match({{source, "a"}, {domain, "*"}}), match({{source, "*"}, {domain, "a.test"}})));
}

}  // namespace
}  // namespace sluice::throttle
