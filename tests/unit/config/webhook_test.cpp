// What stops start-up of a [[webhook]], and that a reload applies all of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "config/load.hpp"
#include "config/schema.hpp"
#include "config/webhook_options.hpp"

namespace sluice::config {
namespace {

using testing::HasSubstr;

std::string complaint(const std::string& keys, bool check_files = false, const std::string& file = "c.toml") {
  LoadOptions options;
  options.check_files = check_files;
  const auto loaded = load_text("[[webhook]]\nname = \"crm\"\n" + keys, file, options);
  return loaded ? "" : to_text(loaded.error());
}

const std::string kSecret = "secret_files = [\"crm.whsec\"]\n";

TEST(WebhookConfig, UrlsMustBeSafe) {
  EXPECT_EQ(complaint("url = \"https://crm.test/hooks?x=1\"\n" + kSecret), "");
  EXPECT_EQ(complaint("url = \"http://127.0.0.1:8080/\"\n" + kSecret), "");
  EXPECT_THAT(complaint("url = \"http://crm.test/\"\n" + kSecret), HasSubstr("c.toml:3:7: http://crm.test"));
  EXPECT_EQ(complaint("url = \"http://crm.test/\"\nplain = true\n" + kSecret), "");
  EXPECT_THAT(complaint("url = \"crm.test\"\n" + kSecret), HasSubstr("c.toml:3:7: "));
}

TEST(WebhookConfig, NamesOfEventsAndCountsAreChecked) {
  const auto url = "url = \"https://crm.test/\"\n" + kSecret;
  EXPECT_THAT(complaint(url + "events = [\"deliverd\"]\n"), HasSubstr("did you mean `delivered`?"));
  EXPECT_THAT(complaint(url + "retry_min = \"1m\"\nretry_max = \"1s\"\n"), HasSubstr("is above retry_max"));
  EXPECT_THAT(complaint("url = \"https://crm.test/\"\nsecret_files = []\n"),
              HasSubstr("`secret_files` in [[webhook]]: must not be empty"));
  EXPECT_THAT(complaint("url = \"https://crm.test/\"\n"), HasSubstr("`secret_files` is missing"));
}

TEST(WebhookConfig, SecretsOthersMayReadStopStartUp) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const auto file = folder / "crm.whsec";
  std::ofstream(file) << "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
  const auto check = [&](mode_t mode) {
    ::chmod(file.c_str(), mode);
    return complaint("url = \"https://crm.test/\"\n" + kSecret, true, (folder / "c.toml").string());
  };
  EXPECT_EQ(check(0600), "") << "found beside the configuration";
  EXPECT_THAT(check(0644), HasSubstr("run chmod 600"));
  std::filesystem::remove(file);
}

TEST(WebhookConfig, EveryKeyIsLive) {
  for (const auto& field : find_section("webhook")->fields) EXPECT_TRUE(field.is_live) << field.key;
}

TEST(WebhookConfig, KeysReachTheModule) {
  const auto loaded = load_text(
      "[[webhook]]\nname = \"crm\"\nurl = \"https://crm.test/\"\n" + kSecret + "batch_size = \"8 KiB\"\n",
      "/etc/sluice/c.toml", {.check_files = false});
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  const auto options = endpoint_options(loaded->config);
  ASSERT_EQ(options.size(), 1U);
  EXPECT_EQ(options[0].batch_bytes, 8192U);
  EXPECT_EQ(options[0].secret_files, std::vector<std::string>{"/etc/sluice/crm.whsec"});
}

}  // namespace
}  // namespace sluice::config
