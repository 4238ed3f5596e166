#include "config/options.hpp"

#include <gtest/gtest.h>

#include "config/load.hpp"
#include "engine/http/server.hpp"
#include "engine/smtp/server_options.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::config {
namespace {

Config config_of(const std::string& text) {
  auto loaded = load_text(text, "c.toml");
  EXPECT_TRUE(loaded) << to_text(loaded.error());
  return loaded ? loaded->config : Config{};
}

TEST(DirectoryLimits, DefaultsAreTheModulesOwn) {
  const auto limits = directory_limits(CampaignLimits{});
  const campaign::DirectoryLimits standard;
  EXPECT_EQ(limits.list_bytes, standard.list_bytes);
  EXPECT_EQ(limits.template_bytes, standard.template_bytes);
  EXPECT_EQ(limits.parts_bytes, standard.parts_bytes);
  EXPECT_EQ(limits.list.unpacked_bytes, standard.list.unpacked_bytes);
  EXPECT_EQ(limits.list.row_bytes, standard.list.row_bytes);
}

TEST(PolicyOptions, HoldPoliciesTenantsAndTheFallback) {
  const auto config = config_of(
      "[[policy]]\nmatch = { domain = \"example.test\", source = \"*\" }\nmessage_rate = \"100/s "
      "burst 10\"\nconnections = 5\n"
      "[[tenant]]\nname = \"shop\"\nmessage_rate = \"50/s\"\n[[tenant]]\nname = \"quiet\"\n");
  const auto policies = policy_options(config);
  ASSERT_GE(policies.size(), 3u);
  EXPECT_EQ(policies[0].match[throttle::Dimension::domain], "example.test");
  EXPECT_EQ(policies[0].match[throttle::Dimension::source], "*");
  EXPECT_EQ(policies[0].message_rate->burst, 10u);
  EXPECT_EQ(policies[0].connections, 5u);
  EXPECT_FALSE(policies[0].byte_rate);
  EXPECT_EQ(policies[1].match[throttle::Dimension::tenant], "shop");
  EXPECT_LE(policies.size(), 3u + config.known_providers.size());
  EXPECT_TRUE(policies.back().fallback);
  EXPECT_EQ(policies.back().connections, 10u);
  EXPECT_FALSE(policies.back().message_rate);
  EXPECT_TRUE(throttle::PolicySet::create(policies));
}

TEST(TenantWeights, AreThoseOfListedTenants) {
  const auto config = config_of("[[tenant]]\nname = \"shop\"\nweight = 4\n[[tenant]]\nname = \"quiet\"\n");
  EXPECT_EQ(tenant_weights(config), (queue::TenantWeights{{"shop", 4}, {"quiet", 1}}));
}

TEST(ServerOptions, NameFallsBackFromListenerToDeliveryToHost) {
  Listener listener;
  Delivery delivery;
  EXPECT_EQ(server_options(listener, delivery, "host.test").hostname, "host.test");
  delivery.ehlo = "mta.test";
  EXPECT_EQ(server_options(listener, delivery, "host.test").hostname, "mta.test");
  listener.ehlo = "in.test";
  listener.starttls = "required";
  const auto options = server_options(listener, delivery, "host.test");
  EXPECT_EQ(options.hostname, "in.test");
  EXPECT_TRUE(options.starttls);
  EXPECT_TRUE(options.require_tls);
  EXPECT_EQ(server_options(Bounce{}, delivery, "host.test").hostname, "mta.test");
}

TEST(HttpOptions, CarryTheBounds) {
  Http http;
  http.body_size = kib(5);
  EXPECT_EQ(http_options(http).read.body_size, 5120u);
}

}  // namespace
}  // namespace sluice::config
