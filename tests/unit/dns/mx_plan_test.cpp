#include "engine/dns/mx_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/dns/site.hpp"

namespace sluice::dns {
namespace {

AnswerPtr addresses(std::initializer_list<const char*> texts) {
  Answer answer;
  answer.status = texts.size() == 0 ? Status::no_records : Status::found;
  for (const char* text : texts) answer.addresses.push_back(boost::asio::ip::make_address(text));
  return std::make_shared<const Answer>(answer);
}

AnswerPtr failed() { return std::make_shared<const Answer>(Answer{.text = "SERVFAIL"}); }

Answer mx(std::vector<MxRecord> records) { return {.status = Status::found, .mx = std::move(records)}; }

std::vector<std::string> names(const HostSelection& s) {
  std::vector<std::string> out;
  for (const auto& host : s.hosts) out.push_back(host.name);
  return out;
}

std::vector<std::string> endpoints(const MxPlan& plan) {
  std::vector<std::string> out;
  for (const auto& e : plan.endpoints) out.push_back(plan.hosts[e.host].name + "=" + e.address.to_string());
  return out;
}

using Names = std::vector<std::string>;

class MxPlanTest : public testing::Test {
 protected:
  Planned<HostSelection> select(const Answer& answer) {
    return select_hosts("example.test", answer, options, random);
  }
  Planned<MxPlan> plan(const Answer& answer, const std::vector<HostAnswers>& found) {
    const auto selection = select(answer);
    if (!selection) return std::unexpected(selection.error());
    return make_plan("example.test", *selection, found, options, random, incomplete);
  }
  void expect_failure(const RouteFailure& f, bool permanent, FailureClass c, const char* enhanced) {
    EXPECT_EQ(f.permanent, permanent) << f.text;
    EXPECT_EQ(f.failure_class, c) << f.text;
    EXPECT_EQ(f.enhanced, enhanced) << f.text;
    EXPECT_NE(f.text.find("example.test"), std::string::npos) << f.text;
  }

  PlanOptions options;
  Random random{1};
  bool incomplete = false;
};

TEST_F(MxPlanTest, HostsComeByPreference) {
  const auto s = select(mx({{20, "c.test"}, {10, "b.test"}, {0, "a.test"}}));
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(names(*s), (Names{"a.test", "b.test", "c.test"}));
  EXPECT_EQ(s->kind, PlanKind::mx);
}

TEST_F(MxPlanTest, EqualPreferencesAreShuffledEvenly) {
  std::map<std::string, int> first;
  for (int i = 0; i < 3'000; ++i) {
    const auto s = select(mx({{10, "a.test"}, {10, "b.test"}, {10, "c.test"}, {20, "d.test"}}));
    ++first[s->hosts[0].name];
    ASSERT_EQ(s->hosts[3].name, "d.test");
  }
  for (const char* host : {"a.test", "b.test", "c.test"}) EXPECT_NEAR(first[host], 1'000, 150) << host;
}

TEST_F(MxPlanTest, SameSeedGivesTheSameOrder) {
  const auto answer = mx({{10, "a.test"}, {10, "b.test"}, {10, "c.test"}});
  Random one(42);
  Random two(42);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(names(*select_hosts("x.test", answer, options, one)),
              names(*select_hosts("x.test", answer, options, two)));
  }
}

TEST_F(MxPlanTest, ARepeatedHostKeepsItsBestPreference) {
  const auto s = select(mx({{20, "A.test"}, {10, "b.test"}, {5, "a.test."}}));
  EXPECT_EQ(names(*s), (Names{"a.test", "b.test"}));
  EXPECT_EQ(s->site, "a.test+1:" + s->site.substr(9));
}

TEST_F(MxPlanTest, NullMxIsPermanent) {
  const auto s = select(mx({{0, "."}}));
  ASSERT_FALSE(s.has_value());
  expect_failure(s.error(), true, FailureClass::invalid_domain, "5.1.10");
}

TEST_F(MxPlanTest, ANullMxBesideOthersIsSkipped) {
  const auto s = select(mx({{0, "."}, {10, "a.test"}}));
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(names(*s), Names{"a.test"});
  EXPECT_EQ(s->site, "a.test");
}

TEST_F(MxPlanTest, NoSuchDomainIsPermanent) {
  const auto s = select({.status = Status::no_domain});
  ASSERT_FALSE(s.has_value());
  expect_failure(s.error(), true, FailureClass::invalid_domain, "5.1.2");
}

TEST_F(MxPlanTest, FailedAndBogusLookupsAreTemporary) {
  for (const auto status : {Status::failed, Status::bogus}) {
    const auto s = select({.status = status, .text = "why"});
    ASSERT_FALSE(s.has_value());
    expect_failure(s.error(), false, FailureClass::dns, "4.4.3");
    EXPECT_NE(s.error().text.find("why"), std::string::npos);
  }
}

TEST_F(MxPlanTest, WithoutMxTheDomainIsItsOwnHostAndSite) {
  const auto p = plan({.status = Status::no_records}, {{addresses({"192.0.2.1"}), addresses({})}});
  ASSERT_TRUE(p.has_value());
  EXPECT_EQ(p->kind, PlanKind::implicit);
  EXPECT_EQ(p->site, "example.test");
  EXPECT_EQ(endpoints(*p), Names{"example.test=192.0.2.1"});
}

TEST_F(MxPlanTest, WithoutMxAndAddressIsPermanent) {
  const auto p = plan({.status = Status::no_records}, {{addresses({}), addresses({})}});
  ASSERT_FALSE(p.has_value());
  expect_failure(p.error(), true, FailureClass::invalid_domain, "5.1.2");
}

TEST_F(MxPlanTest, InvalidHostNamesAreSkipped) {
  const auto s = select(mx({{0, "192.0.2.1"}, {1, "a b.test"}, {2, "-.test"}, {3, "good_1.test"}}));
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(names(*s), Names{"good_1.test"});
  const auto none = select(mx({{0, "192.0.2.1"}, {1, "."}}));
  ASSERT_FALSE(none.has_value());
  expect_failure(none.error(), true, FailureClass::invalid_domain, "5.4.4");
}

TEST_F(MxPlanTest, HostsWithoutAnyAddressArePermanentUnlessALookupFailed) {
  const auto answer = mx({{0, "a.test"}, {1, "b.test"}});
  const auto none = plan(answer, {{addresses({}), addresses({})}, {addresses({}), addresses({})}});
  ASSERT_FALSE(none.has_value());
  expect_failure(none.error(), true, FailureClass::invalid_domain, "5.4.4");
  const auto unsure = plan(answer, {{addresses({}), failed()}, {addresses({}), addresses({})}});
  ASSERT_FALSE(unsure.has_value());
  expect_failure(unsure.error(), false, FailureClass::dns, "4.4.3");
}

TEST_F(MxPlanTest, AFailedLookupOfOneHostLeavesTheOthersUsable) {
  const auto p =
      plan(mx({{0, "a.test"}, {1, "b.test"}}), {{failed(), failed()}, {addresses({"192.0.2.2"}), {}}});
  ASSERT_TRUE(p.has_value());
  EXPECT_EQ(endpoints(*p), Names{"b.test=192.0.2.2"});
  EXPECT_TRUE(incomplete);
  EXPECT_EQ(p->site, site_of({"a.test", "b.test"}));
}

TEST_F(MxPlanTest, FamiliesComeInTheConfiguredOrder) {
  const auto answer = mx({{0, "a.test"}});
  const auto order = [&](AddressOrder o) {
    options.order = o;
    std::string out;
    for (const auto& e : plan(answer, {{addresses({"192.0.2.1", "192.0.2.2", "192.0.2.3"}),
                                        addresses({"2001:db8::1", "2001:db8::2"})}})
                             ->endpoints) {
      out += e.address.is_v4() ? '4' : '6';
    }
    return out;
  };
  EXPECT_EQ(order(AddressOrder::prefer_v4), "44466");
  EXPECT_EQ(order(AddressOrder::prefer_v6), "66444");
  EXPECT_EQ(order(AddressOrder::interleave), "64644");
}

TEST_F(MxPlanTest, WithoutIpv6OnlyIpv4IsUsedAndALackOfItIsOurs) {
  options.use_v6 = false;
  const auto p = plan(mx({{0, "a.test"}}), {{addresses({"192.0.2.1"}), addresses({"2001:db8::1"})}});
  EXPECT_EQ(endpoints(*p), Names{"a.test=192.0.2.1"});
  const auto none = plan(mx({{0, "a.test"}}), {{addresses({}), nullptr}});
  ASSERT_FALSE(none.has_value());
  expect_failure(none.error(), true, FailureClass::dns, "5.4.4");
}

TEST_F(MxPlanTest, AddressesNobodyCanConnectToAreDropped) {
  const auto p =
      plan(mx({{0, "a.test"}}), {{addresses({"0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1"}),
                                  addresses({"::", "ff02::1", "::ffff:192.0.2.1"})}});
  ASSERT_TRUE(p.has_value());
  EXPECT_EQ(endpoints(*p), Names{"a.test=192.0.2.1"});
}

TEST_F(MxPlanTest, NumbersOfHostsAndAddressesAreCapped) {
  options.max_hosts = 3;
  options.max_addresses_per_host = 2;
  std::vector<MxRecord> records;
  for (int i = 0; i < 50; ++i)
    records.push_back({static_cast<std::uint16_t>(i), "mx" + std::to_string(i) + ".test"});
  const HostAnswers many{addresses({"192.0.2.1", "192.0.2.2", "192.0.2.3"}), addresses({"2001:db8::1"})};
  const auto p = plan(mx(records), {many, many, many});
  ASSERT_TRUE(p.has_value());
  EXPECT_EQ(p->hosts.size(), 3U);
  EXPECT_EQ(p->endpoints.size(), 6U);
}

TEST_F(MxPlanTest, OurOwnNameDropsEqualAndWorsePreferences) {
  options.own_names = {"us.test"};
  const auto s = select(mx({{5, "a.test"}, {10, "b.test"}, {10, "us.test"}, {20, "c.test"}}));
  EXPECT_EQ(names(*s), Names{"a.test"});
  const auto loop = select(mx({{10, "b.test"}, {10, "us.test"}, {20, "c.test"}}));
  ASSERT_FALSE(loop.has_value());
  expect_failure(loop.error(), true, FailureClass::dns, "5.4.6");
}

TEST_F(MxPlanTest, OurOwnAddressDropsEqualAndWorsePreferences) {
  options.own_addresses = {{boost::asio::ip::make_address("192.0.2.9"), 25}};
  const HostAnswers us{addresses({"192.0.2.8", "192.0.2.9"}), {}};
  const auto p = plan(mx({{5, "a.test"}, {10, "us.test"}, {20, "c.test"}}),
                      {{addresses({"192.0.2.1"}), {}}, us, {addresses({"192.0.2.3"}), {}}});
  EXPECT_EQ(endpoints(*p), Names{"a.test=192.0.2.1"});
  const auto loop = plan(mx({{10, "us.test"}, {20, "c.test"}}), {us, {addresses({"192.0.2.3"}), {}}});
  ASSERT_FALSE(loop.has_value());
  expect_failure(loop.error(), true, FailureClass::dns, "5.4.6");
  options.smtp_port = 2525;  // something else of ours listens there, not the host they mean
  EXPECT_TRUE(plan(mx({{10, "us.test"}}), {us}).has_value());
}

TEST_F(MxPlanTest, ABetterHostThatCouldNotBeLookedUpIsNoLoop) {
  options.own_addresses = {{boost::asio::ip::make_address("192.0.2.9"), 0}};
  const auto p = plan(mx({{5, "a.test"}, {10, "us.test"}}), {{failed(), {}}, {addresses({"192.0.2.9"}), {}}});
  ASSERT_FALSE(p.has_value());
  expect_failure(p.error(), false, FailureClass::dns, "4.4.3");
}

TEST_F(MxPlanTest, AttemptOrderSpreadsEqualHostsAndKeepsPreferences) {
  const auto one = [](const char* text) { return HostAnswers{addresses({text}), {}}; };
  const auto p = plan(mx({{5, "a.test"}, {5, "b.test"}, {9, "c.test"}}),
                      {one("192.0.2.1"), one("192.0.2.2"), one("192.0.2.3")});
  std::map<std::uint16_t, int> first;
  for (int i = 0; i < 1'000; ++i) {
    const auto order = attempt_order(*p, random);
    ASSERT_EQ(order.size(), 3U);
    ASSERT_EQ(order.back(), 2U);
    ++first[order.front()];
  }
  EXPECT_NEAR(first[0], 500, 80);
}

// Any answers whatever: a plan is sorted, bounded, names only selected hosts, and holds nothing of ours.
TEST_F(MxPlanTest, EveryPlanHoldsTheRules) {
  options.own_names = {"h3.test"};
  options.own_addresses = {{boost::asio::ip::make_address("192.0.2.3"), 0}};
  options.max_hosts = 4;
  for (int round = 0; round < 5'000; ++round) {
    std::vector<MxRecord> records;
    for (auto n = random.below(8) + 1; n > 0; --n) {
      records.push_back(
          {static_cast<std::uint16_t>(random.below(4)), "h" + std::to_string(random.below(9)) + ".test"});
    }
    const auto s = select(mx(records));
    if (!s) continue;
    std::vector<HostAnswers> found;
    for (std::size_t i = 0; i < s->hosts.size(); ++i) {
      const auto last = std::to_string(random.below(12) + 1);
      const auto v4 = "192.0.2." + last;
      const auto v6 = "2001:db8::" + last;
      const auto pick = random.below(4);
      found.push_back({pick == 0   ? failed()
                       : pick == 1 ? addresses({})
                                   : addresses({v4.c_str()}),
                       pick == 2 ? failed() : addresses({v6.c_str()})});
    }
    const auto p = make_plan("example.test", *s, found, options, random, incomplete);
    if (!p) continue;
    ASSERT_FALSE(p->endpoints.empty());
    ASSERT_LE(p->hosts.size(), options.max_hosts);
    ASSERT_TRUE(std::ranges::is_sorted(p->hosts, {}, &PlanHost::preference));
    ASSERT_TRUE(std::ranges::is_sorted(p->endpoints, {}, &Endpoint::host));
    std::uint32_t own = 65'536;
    for (const auto& r : records) {
      if (r.host == "h3.test") own = std::min<std::uint32_t>(own, r.preference);
    }
    for (const auto& host : p->hosts) ASSERT_LT(host.preference, own);
    for (const auto& e : p->endpoints) ASSERT_NE(e.address.to_string(), "192.0.2.3");
  }
}

}  // namespace
}  // namespace sluice::dns
