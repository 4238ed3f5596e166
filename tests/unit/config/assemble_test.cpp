#include "config/assemble.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/options.hpp"
#include "config/shaping_options.hpp"
#include "engine/shaping/rule_set.hpp"

namespace sluice::config {
namespace {

class AssembleTest : public ::testing::Test {
 protected:
  AssembleTest() {
    folder_ = std::filesystem::temp_directory_path() / ("sluice-assemble-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~AssembleTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    const auto path = (folder_ / name).string();
    std::ofstream(path) << text;
    return path;
  }
  static Loaded good(const std::string& text) {
    auto loaded = load_text(text, "/etc/sluice.toml");
    EXPECT_TRUE(loaded) << to_text(loaded ? Problems{} : loaded.error());
    return std::move(*loaded);
  }
  static std::string bad(const std::string& text) {
    const auto loaded = load_text(text, "/etc/sluice.toml");
    return loaded ? "" : to_text(loaded.error());
  }
  static const Provider& provider(const Loaded& loaded, const std::string& name) {
    return *std::ranges::find(loaded.config.known_providers, name, &Provider::name);
  }

  std::filesystem::path folder_;
};

TEST_F(AssembleTest, ShipsProvidersWithASourceForEach) {
  const auto loaded = good("");
  EXPECT_GE(loaded.config.known_providers.size(), 25U);
  for (const auto& one : loaded.config.known_providers) {
    EXPECT_FALSE(one.source.empty()) << one.name;
    EXPECT_FALSE(one.mx_suffixes.empty()) << one.name;
    EXPECT_GT(one.connections, 0U) << one.name;
  }
  EXPECT_EQ(provider(loaded, "google").connections, 5U);
  EXPECT_EQ(provider(loaded, "google").messages_per_connection, 50U);
  EXPECT_EQ(provider(loaded, "comcast").tls, "required");
  EXPECT_EQ(provider(loaded, "microsoft-365").per, "remote_ip");
  EXPECT_NE(loaded.known_from.at("provider.google.connections").find("(shipped)"), std::string::npos);
}

TEST_F(AssembleTest, NoSuffixBelongsToTwoShippedProviders) {
  const auto loaded = good("");
  std::map<std::string, std::string> seen;
  for (const auto& one : loaded.config.known_providers) {
    for (const auto& suffix : one.mx_suffixes) {
      EXPECT_TRUE(seen.emplace(suffix, one.name).second)
          << suffix << " of " << one.name << " and " << seen[suffix];
    }
  }
}

TEST_F(AssembleTest, TheUsersFileChangesValueByValueAndTheConfigurationComesLast) {
  const auto own = file("providers.toml",
                        "[[provider]]\nname = \"google\"\nconnections = 3\nmessage_rate = \"9/s\"\n"
                        "[[provider]]\nname = \"mine\"\nmx_suffixes = [\"mx.mine.test\"]\n");
  const auto loaded = good("[shaping]\nproviders_file = \"" + own +
                           "\"\n[[provider]]\nname = \"google\"\nmessage_rate = \"8/s\"\n");
  const auto& google = provider(loaded, "google");
  EXPECT_EQ(google.connections, 3U);
  EXPECT_EQ(google.message_rate, "8/s");
  EXPECT_EQ(google.messages_per_connection, 50U);
  EXPECT_FALSE(google.mx_suffixes.empty());
  EXPECT_EQ(loaded.known_from.at("provider.google.connections"), own + ":3");
  EXPECT_EQ(loaded.known_from.at("provider.google.message_rate"), "/etc/sluice.toml:5");
  EXPECT_EQ(loaded.config.known_providers.front().name, "mine") << "one's own is looked at first";
}

TEST_F(AssembleTest, ProvidersBecomeFallbackPoliciesOfEachSource) {
  const auto policies = policy_options(good("").config);
  const auto google = std::ranges::find(policies, "provider google", &throttle::PolicyOptions::name);
  ASSERT_NE(google, policies.end());
  EXPECT_TRUE(google->fallback);
  EXPECT_FALSE(google->last) << "it comes before [delivery]";
  EXPECT_TRUE(policies.back().last);
  EXPECT_EQ(throttle::to_string(google->match), "source=*, provider=google");
  const auto office = std::ranges::find(policies, "provider microsoft-365", &throttle::PolicyOptions::name);
  EXPECT_EQ(throttle::to_string(office->match), "source=*, provider=microsoft-365, remote_ip=*");
}

TEST_F(AssembleTest, ShippedRulesCompileAndKnowTheSignsOfTheTrade) {
  const auto options = shaping_options(good("").config);
  const auto rules = shaping::RuleSet::compile(options);
  ASSERT_TRUE(rules) << rules.error().text;
  const auto name = [&](const message::Reply& reply, const char* provider, const char* bounce_class) {
    const auto* rule = rules->find(reply, "mail", provider, bounce_class);
    return rule == nullptr ? std::string("none") : rule->name;
  };
  EXPECT_EQ(name({421, {4, 7, 28}, "unusual rate"}, "google", "rate-limit"), "gmail-rate");
  EXPECT_EQ(name({450, {4, 2, 1}, "rate limited"}, "google", "rate-limit"), "mailbox-busy");
  EXPECT_EQ(name({452, {4, 2, 2}, "over quota"}, "google", "mailbox-full"), "mailbox-full");
  EXPECT_EQ(
      name({421, {4, 7, 0}, "[TSS04] Messages from 192.0.2.1 temporarily deferred"}, "yahoo", "rate-limit"),
      "yahoo-tss04");
  EXPECT_EQ(name({421, {4, 7, 1}, "[TS03] All messages will be deferred"}, "yahoo", "policy"), "yahoo-ts");
  EXPECT_EQ(name({550, {5, 7, 606}, "Access denied, banned sending IP (S3140)"}, "outlook", "policy"),
            "microsoft-blocked");
  EXPECT_EQ(
      name({451, {4, 7, 650}, "server temporarily rate limited due to IP reputation"}, "outlook", "policy"),
      "microsoft-reputation");
  EXPECT_EQ(name({554, {5, 7, 1}, "blocked using zen.spamhaus.org"}, "", "blocklist"), "blocklist");
  EXPECT_EQ(name({421, {4, 7, 0}, "Too many connections from your address"}, "", "rate-limit"),
            "too-many-connections");
  EXPECT_EQ(
      name({421, {4, 3, 2}, "The maximum number of concurrent server connections has exceeded"}, "", ""),
      "too-many-connections");
  EXPECT_EQ(name({421, {4, 7, 0}, "Too many messages on this connection, open a new one"}, "", "rate-limit"),
            "messages-on-connection");
  EXPECT_EQ(name({451, {4, 7, 1}, "Greylisted, try again later"}, "", "greylist"), "greylisting");
  EXPECT_EQ(name({454, {}, "Throttling failure: Daily message quota exceeded"}, "", ""), "ses-quota");
  EXPECT_EQ(name({454, {}, "Throttling failure: Maximum sending rate exceeded"}, "", ""), "ses-rate");
  EXPECT_EQ(name({421, {}, "closing"}, "", "rate-limit"), "rate-class");
  EXPECT_EQ(name({550, {5, 1, 1}, "no such user"}, "google", "invalid-recipient"), "none");
  EXPECT_EQ(name({451, {4, 3, 0}, "try again later"}, "", "other"), "none");
}

TEST_F(AssembleTest, AUsersRuleChangesAShippedOneOrComesBeforeAll) {
  const auto own =
      file("shaping.toml",
           "[[rule]]\nname = \"rate\"\npause = \"5s\"\n[[rule]]\nname = \"blocklist\"\nenabled = false\n"
           "[[rule]]\nname = \"mine\"\ntext = ['go away']\naction = \"pause\"\n"
           "[[controller]]\nname = \"path-deferrals\"\nabove = \"50%\"\n");
  const auto loaded = good("[shaping]\nrules_file = \"" + own + "\"\n");
  const auto options = shaping_options(loaded.config);
  EXPECT_EQ(options.rules.front().name, "mine");
  const auto rate = std::ranges::find(options.rules, "rate", &shaping::RuleOptions::name);
  EXPECT_EQ(rate->gait.pause, std::chrono::seconds(5));
  EXPECT_FALSE(rate->texts.empty());
  EXPECT_EQ(std::ranges::find(options.rules, "blocklist", &shaping::RuleOptions::name), options.rules.end());
  EXPECT_DOUBLE_EQ(options.controllers.front().above, 0.5);
}

TEST_F(AssembleTest, BrokenRuleFilesAreNamedWithLineAndNearestName) {
  const auto use = [&](const std::string& text) {
    return bad("[shaping]\nrules_file = \"" + file("shaping.toml", text) + "\"\n");
  };
  const auto at = [&](int line) { return (folder_ / "shaping.toml").string() + ":" + std::to_string(line); };
  auto text = use("[[rule]]\nname = \"x\"\npuase = \"5s\"\n");
  EXPECT_NE(text.find(at(3)), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean `pause`?"), std::string::npos) << text;
  text = use("[[rule]]\nname = \"x\"\ntext = ['(']\n");
  EXPECT_NE(text.find(at(2)), std::string::npos) << text;
  EXPECT_NE(text.find("is no pattern"), std::string::npos) << text;
  EXPECT_NE(
      use("[[rule]]\nname = \"x\"\naction = \"slwo\"\ncode = [\"421\"]\n").find("did you mean \"slow\"?"),
      std::string::npos);
  EXPECT_NE(use("[[rule]]\nname = \"x\"\n").find("has no condition"), std::string::npos);
  EXPECT_NE(use("[[rules]]\nname = \"x\"\n").find("did you mean [rule]?"), std::string::npos);
  EXPECT_NE(use("[[controller]]\nname = \"x\"\nof = \"bounced\"\nabove = \"5\"\n").find("is no share"),
            std::string::npos);
  EXPECT_NE(use("[[controller]]\nname = \"x\"\nof = \"bounced\"\nabove = \"5%\"\nover = \"tenant\"\n"
                "action = \"hold\"\n")
                .find("only a campaign can be held"),
            std::string::npos);
  EXPECT_NE(bad("[shaping]\nrules_file = \"/no/such/file\"\n").find("/etc/sluice.toml:2"), std::string::npos);
}

TEST_F(AssembleTest, AProviderThatIsNotShippedNeedsSomethingToBeKnownBy) {
  const auto text = bad("[[provider]]\nname = \"gogle\"\nconnections = 3\n");
  EXPECT_NE(text.find("/etc/sluice.toml:2"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean `google`?"), std::string::npos) << text;
}

TEST_F(AssembleTest, ShapingThatIsOffHasNoRules) {
  const auto options = shaping_options(good("[shaping]\nenabled = false\n").config);
  EXPECT_TRUE(options.rules.empty());
  EXPECT_TRUE(options.controllers.empty());
}

}  // namespace
}  // namespace sluice::config
