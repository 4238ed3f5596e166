#include "engine/delivery/named_domains.hpp"

#include <gtest/gtest.h>

namespace sluice::delivery {
namespace {

using throttle::Dimension;

constexpr Instant kNow = from_ms(1'780'000'000'000);

throttle::PolicyOptions few(Dimension dimension, std::string value, std::uint32_t connections) {
  throttle::PolicyOptions out;
  out.match[dimension] = std::move(value);
  out.connections = connections;
  return out;
}

struct Setting {
  std::unique_ptr<throttle::PolicySet> policies;
  LaneRoll lanes{&LaneState::of_dispatch};
  NamedDomains named;

  explicit Setting(std::vector<throttle::PolicyOptions> options)
      : policies(throttle::PolicySet::create(std::move(options)).value()) {}
  std::vector<std::string> limits(std::string_view site) {
    throttle::Subject path;
    path[Dimension::site] = site;
    std::vector<std::string> out;
    for (const auto* limit : named.resolve(*policies, lanes, path, kNow)->connection)
      out.push_back(limit->name());
    return out;
  }
};

TEST(NamedDomains, ANamedDomainLimitsItsSiteFromItsFirstLaneOn) {
  Setting at({few(Dimension::domain, "a.test", 3), few(Dimension::site, "*", 9)});
  EXPECT_EQ(at.limits("mx.test").size(), 1U) << "no mail of it is here";
  EXPECT_FALSE(at.named.note(*at.policies, "b.test")) << "nobody names it";
  EXPECT_TRUE(at.named.note(*at.policies, "a.test"));
  EXPECT_FALSE(at.named.note(*at.policies, "a.test")) << "known";
  const auto both = at.limits("mx.test");
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0], "policy \"a.test\" connections 3");
  EXPECT_EQ(both[1], "policy \"*\" connections 9 for site=mx.test");
}

TEST(NamedDomains, ADomainNoLongerNamedIsForgotten) {
  Setting at({few(Dimension::domain, "a.test", 3)});
  ASSERT_TRUE(at.named.note(*at.policies, "a.test"));
  ASSERT_TRUE(at.policies->reload({few(Dimension::site, "*", 9)}, kNow));
  EXPECT_EQ(at.limits("mx.test").size(), 1U);
  ASSERT_TRUE(at.policies->reload({few(Dimension::domain, "a.test", 3)}, kNow));
  EXPECT_TRUE(at.named.note(*at.policies, "a.test"));
}

TEST(NamedDomains, AStarIsEachSitesOwn) {
  Setting at({few(Dimension::domain, "*", 3)});
  EXPECT_EQ(at.limits("mx.test"), std::vector<std::string>{"policy \"*\" connections 3 for domain=mx.test"});
  EXPECT_EQ(at.limits("mx.other"),
            std::vector<std::string>{"policy \"*\" connections 3 for domain=mx.other"});
}

}  // namespace
}  // namespace sluice::delivery
