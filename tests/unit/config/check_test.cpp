// What only several keys together, or the disk, can tell.
#include "config/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/message/dkim_key.hpp"

namespace sluice::config {
namespace {

using testing::HasSubstr;

std::string complaint(std::string_view text, bool check_files = false, const std::string& file = "c.toml") {
  LoadOptions options;
  options.check_files = check_files;
  const auto loaded = load_text(text, file, options);
  return loaded ? "" : to_text(loaded.error());
}

class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice_config_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::ofstream(folder_ / "s1.pem") << *message::generate_dkim_key(message::DkimAlgorithm::ed25519_sha256);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string check(mode_t mode, const std::string& key_file = "s1.pem") {
    ::chmod((folder_ / "s1.pem").c_str(), mode);
    return complaint("[[dkim]]\ndomain = \"shop.test\"\nselector = \"s1\"\nkey_file = \"" + key_file + "\"\n",
                     true, (folder_ / "c.toml").string());
  }

  std::filesystem::path folder_;
};

TEST_F(KeyFile, OthersMayNotReadIt) {
  EXPECT_EQ(check(0600), "");
  EXPECT_EQ(check(0400), "");
  const auto file = (folder_ / "s1.pem").string();
  EXPECT_EQ(check(0644), (folder_ / "c.toml").string() + ":4:12: " + file +
                             " has mode 0644: others may read the key; run chmod 600 " + file + "\n");
  EXPECT_THAT(check(0640), HasSubstr("has mode 0640"));
}

TEST_F(KeyFile, MustHoldAKey) {
  std::ofstream(folder_ / "s1.pem") << "no key";
  EXPECT_THAT(check(0600), HasSubstr("c.toml:4:12: "));
}

TEST_F(KeyFile, MustExistAndBeAFile) {
  EXPECT_THAT(check(0600, "s2.pem"), HasSubstr("s2.pem cannot be opened: No such file or directory"));
  EXPECT_THAT(check(0600, "/"), HasSubstr("/ is not a file"));
}

constexpr const char* kSource = "[[source]]\nname = \"alpha\"\naddress = \"127.0.0.1\"\n";

TEST(CrossCheck, PoolNamesAnUnknownSource) {
  EXPECT_EQ(complaint(std::string(kSource) + "[[pool]]\nname = \"p\"\nsources = [\"alpah\"]\n"),
            "c.toml:6:11: pool `p` names the source `alpah`, which is not defined; did you mean `alpha`?\n");
  EXPECT_EQ(complaint(std::string(kSource) + "[[pool]]\nname = \"p\"\nsources = [\"alpha\", \"alpha\"]\n"),
            "c.toml:6:11: pool `p` names the source `alpha` twice\n");
}

TEST(CrossCheck, NamesAreUnique) {
  EXPECT_EQ(complaint(std::string(kSource) + kSource),
            "c.toml:5:8: [[source]] `alpha` is there twice; the first is on line 1\n");
  const std::string key = "[[dkim]]\ndomain = \"shop.test\"\nselector = \"s1\"\nkey_file = \"k\"\n";
  EXPECT_EQ(complaint(key + key),
            "c.toml:7:12: [[dkim]] `shop.test s1` is there twice; the first is on line 1\n");
}

TEST(CrossCheck, SourceNeedsAnAddress) {
  EXPECT_EQ(complaint("[[source]]\nname = \"a\"\n"),
            "c.toml:1:1: source `a` needs `address`, `address6` or both\n");
}

TEST(CrossCheck, OneAddressOneListener) {
  EXPECT_EQ(complaint("[http]\nlisten = \"127.0.0.1:80\"\n[[listener]]\nlisten = \"127.0.0.1:80\"\n"),
            "c.toml:4:10: `127.0.0.1:80` is already taken by `http.listen`\n");
  EXPECT_EQ(complaint("[http]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nlisten = \"127.0.0.1:0\"\n"), "");
}

TEST(CrossCheck, KeysThatNeedEachOther) {
  EXPECT_EQ(complaint("[[listener]]\nlisten = \"127.0.0.1:0\"\nstarttls = \"required\"\n"),
            "c.toml:3:12: starttls = \"required\" needs `cert_file` and `key_file`\n");
  EXPECT_THAT(complaint("[bounce]\nmaildir = \"/srv/Maildir\"\n"), HasSubstr("`maildir` but no `domain`"));
  EXPECT_THAT(complaint("[public]\ncert_file = \"/a.crt\"\n"), HasSubstr("both `cert_file` and `key_file`"));
  EXPECT_EQ(complaint("[bounce]\nlisten = \"127.0.0.1:0\"\n"),
            "c.toml:2:10: [bounce] has `listen` but no `domain` for its addresses\n");
  EXPECT_EQ(complaint("[public]\nlisten = \"127.0.0.1:0\"\n"),
            "c.toml:2:10: [public] has `listen` but no `url` that links can start with\n");
  EXPECT_EQ(complaint("[[policy]]\nmatch = { domain = \"a.test\" }\n"),
            "c.toml:1:1: a policy without any limit does nothing; add message_rate or another\n");
  EXPECT_EQ(complaint("[[route]]\nmatch = { domain = \"a.test\" }\n"),
            "c.toml:1:1: a route needs `hosts`, `pool` or both\n");
}

TEST(CrossCheck, ARefusedKeyIsNotAlsoMissing) {
  EXPECT_EQ(complaint("[bounce]\nlisten = \"127.0.0.1:0\"\ndomain = 5\n"),
            "c.toml:3:10: `domain` in [bounce] wants a text, not a whole number\n");
}

TEST(CrossCheck, MatchNamesWhatExists) {
  EXPECT_EQ(complaint("[[policy]]\nmatch = { class = \"transactionl\" }\nconnections = 1\n"),
            "c.toml:2:9: a policy names the class `transactionl`, which is not defined; did you mean "
            "`transactional`?\n");
  EXPECT_EQ(complaint("[[policy]]\nmatch = { remote_ip = \"x\" }\nconnections = 1\n"),
            "c.toml:2:9: a policy matches remote_ip `x`, which is no address\n");
}

TEST(CrossCheck, TenantsAreCheckedOnceSomeAreListed) {
  const std::string sender = "[[sender]]\ntenant = \"shpo\"\nfrom_domains = [\"a.test\"]\n";
  EXPECT_EQ(complaint(sender), "");
  EXPECT_EQ(complaint(sender + "[[tenant]]\nname = \"shop\"\n"),
            "c.toml:2:10: a sender names the tenant `shpo`, which is not defined; did you mean `shop`?\n");
}

TEST(CrossCheck, LimitsInOrder) {
  EXPECT_EQ(complaint("[store]\nstop_below = \"2 GiB\"\n"),
            "c.toml:2:14: [store] stop_below (2 GiB) is above refuse_below (1 GiB)\n");
  EXPECT_EQ(complaint("[dns]\nttl_max = \"1s\"\n"), "c.toml: [dns] ttl_min (1m) is above ttl_max (1s)\n");
}

}  // namespace
}  // namespace sluice::config
