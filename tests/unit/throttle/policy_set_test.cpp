#include "throttle/policy_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "throttle/permits.hpp"

namespace sluice::throttle {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::Pair;

constexpr Instant kStart = from_ms(1'780'000'000'000);

Rate rate(std::string_view text) { return Rate::parse(text).value(); }

Subject mail(std::string_view source, std::string_view site, std::string_view domain) {
  Subject subject;
  subject[Dimension::source] = source;
  subject[Dimension::site] = site;
  subject[Dimension::domain] = domain;
  return subject;
}

PolicyOptions domain_policy(std::string domain, std::string_view message_rate) {
  PolicyOptions policy;
  policy.match[Dimension::domain] = std::move(domain);
  policy.message_rate = rate(message_rate);
  return policy;
}

PolicyOptions path_policy(std::uint32_t connections) {
  PolicyOptions policy;
  policy.match[Dimension::source] = "*";
  policy.match[Dimension::site] = "*";
  policy.connections = connections;
  return policy;
}

std::unique_ptr<PolicySet> compiled(std::vector<PolicyOptions> policies,
                                    const PolicySetOptions& options = {}) {
  auto set = PolicySet::create(std::move(policies), options);
  EXPECT_TRUE(set) << (set ? "" : set.error().text);
  return std::move(*set);
}

std::string refusal(std::vector<PolicyOptions> policies, const PolicySetOptions& options = {}) {
  auto set = PolicySet::create(std::move(policies), options);
  return set ? "accepted" : set.error().text;
}

struct Asker final : Waiter {
  int woken = 0;
  ~Asker() override { pass_on(kStart); }
  void wake() override { ++woken; }
};

TEST(PolicySet, AStarGivesEachValueItsOwnLimit) {
  const auto set = compiled({path_policy(1)});
  const auto one = set->resolve(mail("a", "mx.one.test", "one.test"), kStart);
  const auto same = set->resolve(mail("a", "mx.one.test", "other.test"), kStart);
  const auto source = set->resolve(mail("b", "mx.one.test", "one.test"), kStart);
  const auto site = set->resolve(mail("a", "mx.two.test", "two.test"), kStart);
  EXPECT_EQ(one->connection, same->connection);
  EXPECT_NE(one->connection, source->connection);
  EXPECT_NE(one->connection, site->connection);
  EXPECT_EQ(set->size(), 3U);
}

TEST(PolicySet, WhatIsNotSentIsGivenBackUpToARateAndWhereItIsSaved) {
  const auto kept = [](PolicyOptions policy) {
    const auto set = compiled({std::move(policy)});
    return set->resolve(mail("a", "mx.one.test", "one.test"), kStart)->exact;
  };
  EXPECT_TRUE(kept(domain_policy("*", "5/s burst 1")));
  EXPECT_TRUE(kept(domain_policy("*", "5000/s")));
  EXPECT_FALSE(kept(domain_policy("*", "5001/s")));
  EXPECT_TRUE(kept(domain_policy("*", "1,000,000/d burst 1000000"))) << "from empty to full it takes a day";
  EXPECT_FALSE(kept(path_policy(3))) << "a connection is not a message";
}

TEST(PolicySet, AnExactValueMatchesOnlyItself) {
  const auto set = compiled({domain_policy("Example.TEST", "100/s burst 10")});
  EXPECT_EQ(set->resolve(mail("a", "s", "example.test"), kStart)->message.size(), 1U);
  EXPECT_TRUE(set->resolve(mail("a", "s", "sub.example.test"), kStart)->message.empty());
  EXPECT_TRUE(set->resolve(mail("a", "s", ""), kStart)->message.empty());
}

TEST(PolicySet, AnAbsentDimensionIsShared) {
  PolicyOptions everything;
  everything.message_rate = rate("1/s");
  const auto set = compiled({everything});
  EXPECT_EQ(set->resolve(mail("a", "s", "one.test"), kStart)->message,
            set->resolve(mail("b", "t", "two.test"), kStart)->message);
}

TEST(PolicySet, AStarNeedsAValue) {
  const auto set = compiled({path_policy(1)});
  EXPECT_TRUE(set->resolve(mail("a", "", "one.test"), kStart)->connection.empty());
}

TEST(PolicySet, AllThatMatchMustGrant) {
  const auto set =
      compiled({domain_policy("one.test", "100/s burst 100"), domain_policy("*", "1/s burst 3")});
  const auto limits = set->resolve(mail("a", "s", "one.test"), kStart);
  ASSERT_EQ(limits->message.size(), 2U);
  const auto permits = acquire_up_to(limits->message, 64, kStart);
  ASSERT_TRUE(permits);
  EXPECT_EQ(permits->count(), 3U);
}

TEST(PolicySet, AFallbackYieldsLimitByLimit) {
  auto policies = default_policies();
  policies.push_back(domain_policy("fast.test", "50,000/s"));
  auto wide = path_policy(40);
  wide.match[Dimension::site] = "mx.wide.test";
  wide.messages_per_connection = 1000;
  policies.push_back(wide);
  const auto set = compiled(policies);

  const auto plain = set->resolve(mail("a", "mx.plain.test", "plain.test"), kStart);
  EXPECT_EQ(plain->message.size(), 2U);
  EXPECT_EQ(plain->connection.size(), 2U);
  EXPECT_EQ(plain->messages_per_connection, 100U);

  const auto fast = set->resolve(mail("a", "mx.plain.test", "fast.test"), kStart);
  ASSERT_EQ(fast->message.size(), 1U);
  EXPECT_EQ(fast->message[0]->name(), "policy \"fast.test\" message_rate 50000/s");
  EXPECT_EQ(fast->connection.size(), 2U) << "other limits of the default stay";

  const auto path = set->resolve(mail("a", "mx.wide.test", "wide.test"), kStart);
  EXPECT_EQ(path->messages_per_connection, 1000U);
  EXPECT_EQ(acquire_up_to(path->connection, 40, kStart)->count(), 10U)
      << "connection_rate burst of the default";
}

TEST(PolicySet, RefusesWhatCannotBeMeant) {
  PolicyOptions nothing;
  nothing.match[Dimension::domain] = "a.test";
  EXPECT_EQ(refusal({nothing}), "policy \"a.test\": sets no limit");
  EXPECT_EQ(refusal({path_policy(0)}), "policy \"source=*, site=*\": connections must be at least 1");
  for (const auto dimension : {Dimension::tenant, Dimension::stream, Dimension::class_}) {
    auto policy = path_policy(5);
    policy.match[dimension] = "*";
    EXPECT_THAT(refusal({policy}), testing::HasSubstr(std::string("mail of every ") + name_of(dimension)));
  }
  EXPECT_EQ(refusal({domain_policy("a.test", "1/s"), domain_policy("A.test", "2/s")}),
            "policy \"a.test\": is there twice with the same match");
  EXPECT_EQ(refusal({domain_policy("a.test", "1/s"), domain_policy("b.test", "2/s")}, {.max_policies = 1}),
            "2 policies, and max_policies is 1");
}

TEST(PolicySet, AReloadKeepsTheStateUnderTheNewRate) {
  const auto set = compiled({domain_policy("a.test", "10/s burst 10"), domain_policy("b.test", "1/s")});
  const auto subject = mail("s", "m", "a.test");
  const auto before = set->resolve(subject, kStart);
  ASSERT_TRUE(acquire(before->message, 10, kStart));
  Asker asker;
  ASSERT_TRUE(before->message[0]->park(asker, kStart, 1).parked);

  ASSERT_TRUE(set->reload({domain_policy("a.test", "1,000/s burst 10")}, kStart));
  EXPECT_NE(set->generation(), before->generation);
  EXPECT_EQ(asker.woken, 1) << "whoever waits asks again under the new rate";
  const auto after = set->resolve(subject, kStart);
  EXPECT_EQ(after->message, before->message);
  EXPECT_EQ(after->message[0]->available(kStart), 0U);
  EXPECT_EQ(after->message[0]->available(kStart + milliseconds(10)), 10U);
  EXPECT_TRUE(set->resolve(mail("s", "m", "b.test"), kStart)->message.empty());
}

TEST(PolicySet, AReloadThatFailsChangesNothing) {
  const auto set = compiled({domain_policy("a.test", "10/s")});
  const auto generation = set->generation();
  EXPECT_FALSE(set->reload({path_policy(0)}, kStart));
  EXPECT_EQ(set->generation(), generation);
  EXPECT_EQ(set->resolve(mail("s", "m", "a.test"), kStart)->message.size(), 1U);
}

TEST(PolicySet, AReloadWakesWhoWaitsOnALimitThatEnds) {
  const auto set = compiled({path_policy(1)});
  const auto limits = set->resolve(mail("a", "s", "a.test"), kStart);
  const auto held = acquire(limits->connection, 1, kStart);
  ASSERT_TRUE(held);
  Asker asker;
  ASSERT_TRUE(limits->connection[0]->park(asker, kStart, 1).parked);
  ASSERT_TRUE(set->reload({}, kStart));
  EXPECT_EQ(asker.woken, 1);
  EXPECT_EQ(set->size(), 0U);
}

TEST(PolicySet, ARestartIsNotABurst) {
  const std::vector policies{domain_policy("*", "10/d burst 10")};
  const auto before = compiled(policies);
  ASSERT_TRUE(acquire(before->resolve(mail("a", "s", "a.test"), kStart)->message, 8, kStart));
  ASSERT_TRUE(acquire(before->resolve(mail("a", "s", "b.test"), kStart)->message, 10, kStart));
  (void)before->resolve(mail("a", "s", "full.test"), kStart);
  const auto saved = before->snapshot(kStart);
  EXPECT_EQ(saved.size(), 2U) << "a full bucket needs no saving";

  const auto after = compiled(policies);
  after->restore(saved, {}, kStart);
  EXPECT_EQ(after->resolve(mail("a", "s", "a.test"), kStart)->message[0]->available(kStart), 2U);
  EXPECT_EQ(after->snapshot(kStart).size(), 2U) << "b.test was not met yet, and is not forgotten";
  EXPECT_EQ(after->resolve(mail("a", "s", "b.test"), kStart)->message[0]->available(kStart), 0U);
}

TEST(PolicySet, IdleLimitsAreForgottenAtTheBound) {
  const auto set = compiled({domain_policy("*", "1/s burst 1")}, {.max_limits = 4, .max_tuples = 4});
  for (int i = 0; i < 100; ++i) {
    const auto now = kStart + seconds(10 * i);
    const auto domain = std::to_string(i) + ".test";
    ASSERT_TRUE(acquire(set->resolve(mail("a", "s", domain), now)->message, 1, now));
    ASSERT_LE(set->size(), 4U);
  }
  EXPECT_EQ(set->overflowed(), 0U);
}

TEST(PolicySet, BeyondTheBoundValuesShareOneLimit) {
  const auto set = compiled({domain_policy("*", "1/hr burst 1")}, {.max_limits = 2});
  std::vector<std::shared_ptr<const Limits>> held;
  for (const auto* domain : {"a.test", "b.test", "c.test", "d.test"}) {
    held.push_back(set->resolve(mail("a", "s", domain), kStart));
    (void)acquire(held.back()->message, 1, kStart);
  }
  EXPECT_EQ(held[2]->message, held[3]->message);
  EXPECT_EQ(held[3]->message[0]->name(), "policy \"*\" message_rate 1/h burst 1 for (others)");
  EXPECT_EQ(set->overflowed(), 2U);
  EXPECT_EQ(held[0]->message[0]->available(kStart), 0U) << "what is in use is never forgotten";
}

TEST(PolicySet, CountsWhoWaitsByPolicy) {
  const auto set = compiled({domain_policy("*", "1/hr burst 1"), path_policy(2)});
  EXPECT_THAT(set->waiting(), ElementsAre(Pair("*", 0), Pair("source=*, site=*", 0)));
  Asker first;
  Asker second;
  Asker other;
  for (auto* asker : {&first, &second, &other}) {
    const auto* domain = asker == &other ? "b.test" : "a.test";
    const auto limits = set->resolve(mail("a", "s", domain), kStart);
    (void)acquire(limits->message, 1, kStart);
    ASSERT_TRUE(limits->message[0]->park(*asker, kStart, 1).parked);
  }
  EXPECT_THAT(set->waiting(), ElementsAre(Pair("*", 3), Pair("source=*, site=*", 0)));
  Override pause;
  pause.id = "op";
  pause.by = "operator";
  pause.pause = true;
  pause.until = kStart + hours(1);
  ASSERT_TRUE(set->set_override(pause, kStart));
  const auto limits = set->resolve(mail("a", "s", "c.test"), kStart);
  Asker stopped;
  for (const auto& limit : limits->message) {
    if (limit->is_gate()) ASSERT_TRUE(limit->park(stopped, kStart, 1).parked);
  }
  EXPECT_EQ(set->waiting()["override"], 1U);
  set->wake_all();
}

TEST(PolicySet, NamesTheDomainsThatLimitConnections) {
  auto named = domain_policy("a.test", "100/s");
  named.connections = 5;
  const auto set = compiled({named, domain_policy("b.test", "100/s"), path_policy(2)});
  EXPECT_THAT(set->connection_domains()->named, ElementsAre("a.test"));
  EXPECT_FALSE(set->connection_domains()->each);
  Override few;
  few.id = "few";
  few.by = "test";
  few.match[Dimension::domain] = "C.test";
  few.connections = 1;
  few.until = kStart + seconds(10);
  ASSERT_TRUE(set->set_override(few, kStart));
  EXPECT_THAT(set->connection_domains()->named, ElementsAre("a.test", "c.test"));
  auto each = domain_policy("*", "100/s");
  each.connections = 3;
  ASSERT_TRUE(set->reload({each}, kStart));
  EXPECT_THAT(set->connection_domains()->named, ElementsAre("c.test"));
  EXPECT_TRUE(set->connection_domains()->each);
}

TEST(PolicySet, ExplainsEachLimitByName) {
  auto policy = path_policy(5);
  policy.match[Dimension::source].clear();
  policy.match[Dimension::site] = "mx.example.test";
  policy.message_rate = rate("100/s burst 10");
  const auto set = compiled({policy, path_policy(2)});
  const auto subject = mail("a", "mx.example.test", "example.test");
  const auto limits = set->resolve(subject, kStart);
  const auto held = acquire(limits->connection, 1, kStart);
  ASSERT_TRUE(acquire(limits->message, 10, kStart));
  EXPECT_THAT(set->explain(subject, kStart),
              ElementsAre("policy \"mx.example.test\" message_rate 100/s burst 10: next in 0.010 s",
                          "policy \"mx.example.test\" connections 5: 1 of 5 in use",
                          "policy \"source=*, site=*\" connections 2 for source=a, site=mx.example.test: "
                          "1 of 2 in use"));
}

TEST(Policy, DimensionsAreNamedAsInTheConfiguration) {
  EXPECT_EQ(dimension_of("class"), Dimension::class_);
  EXPECT_EQ(dimension_of("remote_ip"), Dimension::remote_ip);
  EXPECT_FALSE(dimension_of("klass"));
  for (std::size_t i = 0; i < kDimensions; ++i) {
    const auto dimension = static_cast<Dimension>(i);
    EXPECT_EQ(dimension_of(name_of(dimension)), dimension);
  }
}

}  // namespace
}  // namespace sluice::throttle
