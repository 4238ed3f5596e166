#include "engine/dns/route.hpp"

#include <gtest/gtest.h>

namespace sluice::dns {
namespace {

RouteTable table(std::vector<std::string> matches) {
  std::vector<RouteRule> rules;
  for (auto& m : matches) rules.push_back({std::move(m), {"relay.example:587"}, "", ""});
  auto made = RouteTable::make(rules, 25);
  EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().text);
  return made ? std::move(*made) : RouteTable();
}

std::string match_of(const RouteTable& t, std::string_view domain) {
  const auto* route = t.find(domain);
  return route ? route->match : "none";
}

TEST(RouteTable, MostSpecificMatchWins) {
  const auto t = table({"*", "*.example.test", "*.deep.example.test", "Deep.Example.TEST."});
  EXPECT_EQ(match_of(t, "deep.example.test"), "deep.example.test");
  EXPECT_EQ(match_of(t, "a.deep.example.test"), "*.deep.example.test");
  EXPECT_EQ(match_of(t, "a.b.deep.example.test"), "*.deep.example.test");
  EXPECT_EQ(match_of(t, "a.example.test"), "*.example.test");
  EXPECT_EQ(match_of(t, "example.test"), "*");
  EXPECT_EQ(match_of(t, "xexample.test"), "*");
}

TEST(RouteTable, NoMatchIsNoRoute) {
  EXPECT_EQ(match_of(table({"a.test"}), "b.test"), "none");
  EXPECT_EQ(match_of(table({"*.a.test"}), "a.test"), "none");
  EXPECT_EQ(match_of(RouteTable(), "a.test"), "none");
}

TEST(RouteTable, CarriesHostsTlsAndCredentials) {
  const auto t = RouteTable::make({{"a.test",
                                    {"R2.example:587", "[192.0.2.1]:2525", "[2001:DB8::1]", "r1.example"},
                                    "required",
                                    "relay1"}},
                                  26);
  ASSERT_TRUE(t.has_value());
  const auto* route = t->find("a.test");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->tls, "required");
  EXPECT_EQ(route->credentials, "relay1");
  const auto s = selection_of(*route);
  ASSERT_EQ(s.hosts.size(), 4U);
  EXPECT_EQ(s.kind, PlanKind::route);
  EXPECT_EQ(s.hosts[0].name, "r2.example");
  EXPECT_EQ(s.hosts[0].port, 587);
  EXPECT_EQ(s.hosts[1].name, "192.0.2.1");
  EXPECT_EQ(s.hosts[1].port, 2525);
  EXPECT_EQ(s.hosts[2].name, "2001:db8::1");
  EXPECT_EQ(s.hosts[2].port, 26);
  EXPECT_EQ(s.hosts[3].preference, 3);
  EXPECT_TRUE(route->site.starts_with("192.0.2.1:2525+3:")) << route->site;
}

TEST(RouteTable, TwoPortsOfOneRelayAreTwoSites) {
  const auto t =
      RouteTable::make({{"a.test", {"127.0.0.1:2525"}, "", ""}, {"b.test", {"127.0.0.1:2526"}, "", ""}}, 25);
  ASSERT_TRUE(t.has_value());
  EXPECT_EQ(t->find("a.test")->site, "127.0.0.1:2525");
  EXPECT_EQ(t->find("b.test")->site, "127.0.0.1:2526");
}

TEST(RouteTable, ConnectionsOpenedInAnotherMannerAreNotShared) {
  const std::vector<std::string> hosts{"127.0.0.1:2525"};
  const auto t = RouteTable::make({{"a.test", hosts, "", ""},
                                   {"b.test", hosts, "required", ""},
                                   {"c.test", hosts, "required", "shop"},
                                   {"d.test", hosts, "required", ""}},
                                  25);
  ASSERT_TRUE(t.has_value());
  EXPECT_EQ(t->find("a.test")->site, "127.0.0.1:2525");
  EXPECT_EQ(t->find("b.test")->site, "127.0.0.1:2525;tls=required");
  EXPECT_EQ(t->find("c.test")->site, "127.0.0.1:2525;tls=required;as=shop");
  EXPECT_EQ(t->find("d.test")->site, t->find("b.test")->site);
}

TEST(RouteTable, BadRulesAreNamed) {
  const std::vector<std::pair<RouteRule, const char*>> bad{
      {{"", {"a.test"}, "", ""}, "empty domain name"},
      {{"a..test", {"a.test"}, "", ""}, "label"},
      {{"*x.test", {"a.test"}, "", ""}, "*x"},
      {{"a.*.test", {"a.test"}, "", ""}, "label"},
      {{"a.test", {}, "", ""}, "0 hosts"},
      {{"a.test", std::vector<std::string>(33, "a.test"), "", ""}, "33 hosts"},
      {{"a.test", {"a.test:0"}, "", ""}, "port"},
      {{"a.test", {"a.test:65536"}, "", ""}, "port"},
      {{"a.test", {"a.test:"}, "", ""}, "port"},
      {{"a.test", {"a.test:25x"}, "", ""}, "port"},
      {{"a.test", {"2001:db8::1"}, "", ""}, "brackets"},
      {{"a.test", {"[2001:db8::1"}, "", ""}, "closed"},
      {{"a.test", {"[192.0.2.1]25"}, "", ""}, "follow"},
      {{"a.test", {"[a.test]:25"}, "", ""}, "not an IP address"},
      {{"a.test", {"a b:25"}, "", ""}, "label"},
      {{"a.test", {"192.0.2.256"}, "", ""}, "number"},
      {{"a.test", {"a.test"}, "sometimes", ""}, "sometimes"},
  };
  for (const auto& [rule, what] : bad) {
    const auto t = RouteTable::make({rule}, 25);
    ASSERT_FALSE(t.has_value()) << rule.match;
    EXPECT_EQ(t.error().code, ErrorCode::invalid_input);
    EXPECT_NE(t.error().text.find(what), std::string::npos) << t.error().text;
    EXPECT_TRUE(t.error().text.starts_with("route \"" + rule.match + "\"")) << t.error().text;
  }
}

TEST(RouteTable, TwoRulesForOneMatchConflict) {
  const auto t = RouteTable::make({{"a.test", {"x.test"}, "", ""}, {"A.test.", {"y.test"}, "", ""}}, 25);
  ASSERT_FALSE(t.has_value());
  EXPECT_EQ(t.error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace sluice::dns
