#include "throttle/override.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "throttle/permits.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::throttle {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr Instant kStart = from_ms(1'780'000'000'000);

Rate rate(std::string_view text) { return Rate::parse(text).value(); }

Subject mail(std::string_view source, std::string_view provider, std::string_view domain) {
  Subject subject;
  subject[Dimension::source] = source;
  subject[Dimension::provider] = provider;
  subject[Dimension::site] = domain;
  subject[Dimension::domain] = domain;
  return subject;
}

PolicyOptions policy(Dimension dimension, std::string value, std::string_view message_rate) {
  PolicyOptions out;
  out.match[dimension] = std::move(value);
  out.message_rate = rate(message_rate);
  return out;
}

Override override_of(Dimension dimension, std::string value) {
  Override out;
  out.id = "tss04";
  out.match[dimension] = std::move(value);
  out.until = kStart + minutes(10);
  out.cause = "421 4.7.0 [TSS04]";
  out.by = "yahoo-tss04";
  return out;
}

struct Asker final : Waiter {
  int woken = 0;
  ~Asker() override { pass_on(kStart); }
  void wake() override { ++woken; }
};

std::unique_ptr<PolicySet> compiled(std::vector<PolicyOptions> policies,
                                    const PolicySetOptions& options = {}) {
  auto set = PolicySet::create(std::move(policies), options);
  EXPECT_TRUE(set) << (set ? "" : set.error().text);
  return std::move(*set);
}

/// Messages granted to the subject from `now` on, one asked each millisecond.
int granted(PolicySet& set, const Subject& subject, Instant now, seconds span) {
  int count = 0;
  for (const auto end = now + span; now < end; now += milliseconds(1)) {
    if (acquire(set.resolve(subject, now)->message, 1, now)) ++count;
  }
  return count;
}

TEST(Override, APauseParksUntilItsEndAndIsWokenByTheTimer) {
  const auto set = compiled({policy(Dimension::domain, "*", "100/s")});
  const auto before = set->generation();
  auto pause = override_of(Dimension::provider, "Yahoo");
  pause.pause = true;
  ASSERT_TRUE(set->set_override(pause, kStart));
  EXPECT_NE(set->generation(), before) << "live paths look again";

  const auto limits = set->resolve(mail("a", "yahoo", "yahoo.test"), kStart);
  const auto denied = acquire(limits->message, 1, kStart);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().until, pause.until);
  EXPECT_EQ(limits->paused(kStart), denied.error().limit);
  EXPECT_FALSE(acquire(limits->connection, 1, kStart)) << "no new connection either";
  EXPECT_TRUE(acquire(set->resolve(mail("a", "other", "x.test"), kStart)->message, 1, kStart));

  Asker askers[3];
  const auto first = denied.error().limit->park(askers[0], kStart, 1);
  ASSERT_TRUE(first.parked);
  ASSERT_EQ(first.arm, pause.until);
  for (auto& asker : {&askers[1], &askers[2]}) {
    EXPECT_FALSE(denied.error().limit->park(*asker, kStart, 1).arm) << "one timer is enough";
  }
  EXPECT_EQ(denied.error().limit->wake_due(pause.until, pause.until), std::nullopt);
  for (const auto& asker : askers) EXPECT_EQ(asker.woken, 1);
  EXPECT_TRUE(acquire(limits->message, 1, pause.until)) << "an old answer is not held up by what is over";
  EXPECT_EQ(limits->paused(pause.until), nullptr);
}

TEST(Override, AScaleSlowsTheRatesOfStarsAndFallbacks) {
  auto fallback = policy(Dimension::site, "*", "200/s burst 1");
  fallback.fallback = true;
  auto star = policy(Dimension::domain, "*", "100/s burst 1");
  star.match[Dimension::source] = "*";
  for (const auto& base : {fallback, star}) {
    const auto set = compiled({base});
    const auto full = static_cast<int>(base.message_rate->count);
    const auto subject = mail("a", "yahoo", "yahoo.test");
    EXPECT_NEAR(granted(*set, subject, kStart, seconds(10)), full * 10, 1);
    auto slow = override_of(Dimension::provider, "yahoo");
    slow.scale = 0.25;
    ASSERT_TRUE(set->set_override(slow, kStart + seconds(10)));
    EXPECT_NEAR(granted(*set, subject, kStart + seconds(10), seconds(10)), full * 10 / 4, 2);
    EXPECT_NEAR(granted(*set, mail("a", "other", "x.test"), kStart + seconds(10), seconds(10)), full * 10, 1);
    EXPECT_NEAR(granted(*set, subject, slow.until, seconds(10)), full * 10, 1) << "over: as before";
  }
}

TEST(Override, AScaleOfASharedRateTakesOnlyFromWhomItMatches) {
  const auto set = compiled({policy(Dimension::provider, "yahoo", "100/s burst 1")});
  auto slow = override_of(Dimension::source, "a");
  slow.scale = 0.1;
  ASSERT_TRUE(set->set_override(slow, kStart));
  EXPECT_NEAR(granted(*set, mail("a", "yahoo", "yahoo.test"), kStart, seconds(10)), 100, 2);
  EXPECT_NEAR(granted(*set, mail("b", "yahoo", "yahoo.test"), kStart + seconds(10), seconds(10)), 1000, 2);
}

TEST(Override, AScaleWithoutARateGoesByTheGivenBase) {
  const auto set = compiled({});
  auto slow = override_of(Dimension::provider, "yahoo");
  slow.scale = 0.5;
  ASSERT_TRUE(set->set_override(slow, kStart));
  EXPECT_TRUE(set->resolve(mail("a", "yahoo", "yahoo.test"), kStart)->message.empty());
  slow.message_rate = rate("20/s burst 1");
  ASSERT_TRUE(set->set_override(slow, kStart));
  EXPECT_NEAR(granted(*set, mail("a", "yahoo", "yahoo.test"), kStart, seconds(10)), 100, 1);
}

TEST(Override, AScaledRateFollowsAReload) {
  const auto set = compiled({policy(Dimension::domain, "*", "100/s burst 1")});
  auto slow = override_of(Dimension::provider, "yahoo");
  slow.scale = 0.5;
  ASSERT_TRUE(set->set_override(slow, kStart));
  const auto subject = mail("a", "yahoo", "yahoo.test");
  const auto limits = set->resolve(subject, kStart);
  ASSERT_TRUE(set->reload({policy(Dimension::domain, "*", "10/s burst 1")}, kStart));
  EXPECT_NEAR(granted(*set, subject, kStart, seconds(10)), 50, 1);
}

TEST(Override, ReplacedItKeepsWhatWasTaken) {
  const auto set = compiled({policy(Dimension::domain, "*", "1,000/hr burst 100")});
  auto slow = override_of(Dimension::provider, "yahoo");
  slow.scale = 0.5;
  ASSERT_TRUE(set->set_override(slow, kStart));
  const auto subject = mail("a", "yahoo", "yahoo.test");
  EXPECT_EQ(acquire_up_to(set->resolve(subject, kStart)->message, 100, kStart)->count(), 50U);
  slow.scale = 0.4;
  ASSERT_TRUE(set->set_override(slow, kStart));
  EXPECT_FALSE(acquire(set->resolve(subject, kStart)->message, 1, kStart)) << "no second burst";
  EXPECT_EQ(set->overrides(kStart).size(), 1U);
}

TEST(Override, ConnectionsCountThoseOpenBefore) {
  auto base = policy(Dimension::site, "*", "100/s");
  base.connections = 10;
  const auto set = compiled({base});
  const auto subject = mail("a", "yahoo", "yahoo.test");
  auto held = acquire(set->resolve(subject, kStart)->connection, 3, kStart);
  ASSERT_TRUE(held);
  auto few = override_of(Dimension::provider, "yahoo");
  few.connections = 2;
  ASSERT_TRUE(set->set_override(few, kStart));
  const auto limits = set->resolve(subject, kStart);
  held->cover(limits->connection);
  EXPECT_TRUE(limits->connection[1]->exceeded(kStart));
  EXPECT_FALSE(acquire(limits->connection, 1, kStart));
  held->release();
  EXPECT_FALSE(limits->connection[1]->exceeded(kStart));
  EXPECT_EQ(acquire_up_to(limits->connection, 9, kStart)->count(), 2U);
}

TEST(Override, SlotsAskedBeyondTheEndComeBackExactly) {
  Limit limit("override", "", LimitValue(1U), kStart + seconds(1));
  std::vector<Limit*> limits{&limit};
  auto first = acquire(limits, 1, kStart);
  ASSERT_TRUE(first);
  const auto denied = acquire(limits, 1, kStart);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().until, kStart + seconds(1)) << "a slot may come back; the end comes surely";
  auto second = acquire(limits, 1, kStart + seconds(1));
  ASSERT_TRUE(second);
  first->release();
  second->release();
  EXPECT_EQ(limit.describe(kStart), "0 of 1 in use");
}

TEST(Override, ClearedItLetsGoAtOnce) {
  const auto set = compiled({});
  auto pause = override_of(Dimension::provider, "yahoo");
  pause.pause = true;
  ASSERT_TRUE(set->set_override(pause, kStart));
  const auto limits = set->resolve(mail("a", "yahoo", "yahoo.test"), kStart);
  Asker asker;
  ASSERT_TRUE(limits->message.front()->park(asker, kStart, 1).parked);
  ASSERT_TRUE(set->clear_override("tss04", kStart + seconds(1)));
  EXPECT_EQ(asker.woken, 1);
  EXPECT_TRUE(acquire(limits->message, 1, kStart + seconds(1)));
  EXPECT_TRUE(set->resolve(mail("a", "yahoo", "yahoo.test"), kStart)->message.empty());
  EXPECT_EQ(set->size(), 0U);
  const auto again = set->clear_override("tss04", kStart);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().text, "no override \"tss04\" is in force");
}

TEST(Override, AnEarlierEndWakesWhoWaits) {
  const auto set = compiled({});
  auto pause = override_of(Dimension::provider, "yahoo");
  pause.pause = true;
  ASSERT_TRUE(set->set_override(pause, kStart));
  const auto subject = mail("a", "yahoo", "yahoo.test");
  const auto limits = set->resolve(subject, kStart);
  Asker asker;
  ASSERT_TRUE(limits->message.front()->park(asker, kStart, 1).parked);
  pause.until = kStart + seconds(5);
  ASSERT_TRUE(set->set_override(pause, kStart + seconds(1)));
  EXPECT_EQ(asker.woken, 1) << "it asks again and parks until the new end";
  const auto denied = acquire(set->resolve(subject, kStart + seconds(1))->message, 1, kStart + seconds(1));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().until, pause.until);
}

TEST(Override, TheListenerHearsOfEachChange) {
  const auto set = compiled({});
  std::vector<std::string> heard;
  set->set_listener([&](const OverrideChange& change) {
    const char* const words[] = {"set", "cleared", "expired"};
    heard.push_back(std::string(words[static_cast<int>(change.what)]) + " " + change.override.id + ": " +
                    effect_of(change.override));
  });
  auto one = override_of(Dimension::provider, "yahoo");
  one.scale = 0.25;
  auto two = override_of(Dimension::pool, "shop");
  two.id = "shop";
  two.connections = 2;
  two.message_rate = rate("10/s");
  ASSERT_TRUE(set->set_override(one, kStart));
  ASSERT_TRUE(set->set_override(two, kStart));
  ASSERT_TRUE(set->clear_override("shop", kStart));
  set->expire_overrides(one.until - Micros(1));
  set->expire_overrides(one.until);
  EXPECT_THAT(heard,
              ElementsAre("set tss04: scale 0.25", "set shop: message_rate 10/s, connections 2",
                          "cleared shop: message_rate 10/s, connections 2", "expired tss04: scale 0.25"));
  EXPECT_TRUE(set->overrides(one.until).empty());
}

TEST(Override, ExplainNamesItsCauseAndEnd) {
  const auto set = compiled({policy(Dimension::domain, "yahoo.test", "100/s")});
  auto slow = override_of(Dimension::provider, "yahoo");
  slow.scale = 0.5;
  slow.pause = true;
  ASSERT_TRUE(set->set_override(slow, kStart));
  const auto until = ", until " + to_rfc3339(slow.until);
  EXPECT_THAT(set->explain(mail("a", "yahoo", "yahoo.test"), kStart),
              ElementsAre("policy \"yahoo.test\" message_rate 100/s: 5 available",
                          "override \"tss04\" by yahoo-tss04 (421 4.7.0 [TSS04]) pause" + until +
                              ": next in 600.000 s",
                          "override \"tss04\" by yahoo-tss04 (421 4.7.0 [TSS04]) scale 0.5 of policy "
                          "\"yahoo.test\" message_rate 50/s" +
                              until + ": 2 available"));
}

TEST(Override, APauseOfADomainLeavesConnectionsToOthers) {
  const auto set = compiled({policy(Dimension::domain, "*", "100/s")});
  const auto subject = mail("a", "yahoo", "yahoo.test");
  for (const auto dimension : {Dimension::domain, Dimension::provider}) {
    auto pause = override_of(dimension, dimension == Dimension::domain ? "yahoo.test" : "yahoo");
    pause.pause = true;
    ASSERT_TRUE(set->set_override(pause, kStart));
    const auto limits = set->resolve(subject, kStart);
    EXPECT_FALSE(acquire(limits->message, 1, kStart));
    EXPECT_EQ(acquire(limits->connection, 1, kStart).has_value(), dimension == Dimension::domain);
  }
}

TEST(Override, RefusesWhatCannotBeMeant) {
  const auto set = compiled({}, {.max_overrides = 1});
  const auto refusal = [&](auto change) {
    auto bad = override_of(Dimension::provider, "yahoo");
    bad.pause = true;
    change(bad);
    const auto result = set->set_override(bad, kStart);
    return result ? std::string("accepted") : result.error().text;
  };
  EXPECT_THAT(refusal([](auto& o) { o.pause = false; }), testing::HasSubstr("changes nothing"));
  EXPECT_THAT(refusal([](auto& o) { o.id.clear(); }), testing::HasSubstr("id and by must be given"));
  EXPECT_THAT(refusal([](auto& o) { o.id = "a\x1f"; }), testing::HasSubstr("control characters"));
  EXPECT_THAT(refusal([](auto& o) { o.cause.assign(2000, 'x'); }), testing::HasSubstr("1,000 bytes"));
  EXPECT_THAT(refusal([](auto& o) { o.match[Dimension::tenant] = "a\nb"; }), testing::HasSubstr("the match"));
  for (const auto share : {0.0, 1.0, -1.0, std::nan(""), HUGE_VAL}) {
    EXPECT_THAT(refusal([&](auto& o) { o.scale = share; }), testing::HasSubstr("below 1"));
  }
  EXPECT_THAT(refusal([](auto& o) { o.connections = 0; }), testing::HasSubstr("at least 1"));
  const auto of_tenant = [](auto& o) { o.match[Dimension::tenant] = "shop", o.connections = 2; };
  EXPECT_THAT(refusal(of_tenant), testing::HasSubstr("mail of every tenant"));
  EXPECT_THAT(refusal([](auto& o) { o.until = kStart; }), testing::HasSubstr("not in the future"));
  EXPECT_THAT(refusal([](auto& o) { o.until = Instant::max(); }), testing::HasSubstr("has an end"));
  EXPECT_EQ(refusal([](auto&) {}), "accepted");
  EXPECT_EQ(refusal([](auto&) {}), "accepted") << "the same id is replaced";
  EXPECT_EQ(refusal([](auto& o) { o.id = "other"; }), "1 overrides are in force, and max_overrides is 1");
}

TEST(Rate, ScaledIsNeverFasterAndStaysClose) {
  EXPECT_EQ(rate("100/s burst 10").scaled(0.25).text(), "25/s burst 2");
  EXPECT_EQ(rate("1/s").scaled(0.3).text(), "18/min");
  EXPECT_EQ(rate("10/s").scaled(0.33).text(), "198/min");
  EXPECT_EQ(rate("1/d").scaled(0.3).text(), "1/4d");
  EXPECT_EQ(rate("1/d").scaled(0.0001).text(), "1/366d");
  for (const auto* text : {"1/s", "7/min", "5,000/s", "13/hr", "3/d", "1/10min"}) {
    for (const double share : {0.9, 0.5, 0.123, 0.01}) {
      const auto from = rate(text);
      const auto to = from.scaled(share);
      const auto want = static_cast<double>(from.count) / static_cast<double>(from.period.count()) * share;
      const auto got = static_cast<double>(to.count) / static_cast<double>(to.period.count());
      EXPECT_LE(got, want * (1 + 1e-9)) << text << " " << share;
      if (want * 86.4e9 > 1000) {
        EXPECT_GE(got, want * 0.998) << text << " " << share;
      }
      EXPECT_EQ(Rate::parse(to.text()).value(), to) << text << " " << share;
    }
  }
}

TEST(Rate, PeriodsOfSeveralUnits) {
  EXPECT_EQ(rate("5/10min").period, Micros(minutes(10)));
  EXPECT_EQ(rate("5/10min").text(), "5/10min");
  EXPECT_EQ(rate("5/60s").text(), "5/min");
  EXPECT_EQ(rate("1/90min").text(), "1/90min");
  EXPECT_FALSE(Rate::parse("5/0s"));
  EXPECT_FALSE(Rate::parse("5/367d"));
  EXPECT_FALSE(Rate::parse("5/10"));
  EXPECT_FALSE(Rate::parse("5/10m"));
}

}  // namespace
}  // namespace sluice::throttle
