// Every kind of mistake in a configuration file, with the exact message a person sees.
#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/suggest.hpp"

namespace sluice::config {
namespace {

using testing::HasSubstr;

constexpr std::string_view kDesignExample = R"(
data_dir = "/srv/sluice"
[spool]
dir = "/srv/sluice/spool"
[dns]
servers = ["127.0.0.1:5353"]
[delivery]
smtp_port = 25
[http]
listen = "127.0.0.1:8025"
[public]
listen = "127.0.0.1:8026"
url = "https://mail.shop.test"
[[listener]]
listen = "127.0.0.1:2525"
trusted_networks = ["127.0.0.1/32"]
[bounce]
domain = "bounces.shop.test"
listen = "127.0.0.1:2526"
[[source]]
name = "a"
address = "127.0.0.1"
ehlo = "mta-a.shop.test"
[[pool]]
name = "default"
sources = ["a"]
[[dkim]]
domain = "shop.test"
selector = "s1"
key_file = "keys/s1.pem"
[[policy]]
match = { domain = "example.test" }
message_rate = "100/s burst 10"
connections = 5
[retry]
ladder = ["5m", "10m", "30m", "1h", "2h", "4h"]
greylist = ["1m", "5m", "15m", "30m"]
expire = "48h"
in_doubt = "retry"
in_doubt_delay = "30m"
[[sender]]
tenant = "default"
from_domains = ["unsigned.test"]
)";

LoadOptions without_files() {
  LoadOptions options;
  options.check_files = false;
  return options;
}

/// What a person would read, file name "c.toml"; "" when the text is right.
std::string complaint(std::string_view text, const LoadOptions& options = without_files()) {
  const auto loaded = load_text(text, "c.toml", options);
  return loaded ? "" : to_text(loaded.error());
}

TEST(Load, TakesEveryKeyOfTheDesign) {
  const auto loaded = load_text(kDesignExample, "/etc/sluice/c.toml", without_files());
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  const auto& config = loaded->config;
  EXPECT_EQ(config.data_dir, "/srv/sluice");
  EXPECT_EQ(config.dns.servers, std::vector<std::string>{"127.0.0.1:5353"});
  ASSERT_EQ(config.listeners.size(), 1u);
  EXPECT_EQ(config.listeners[0].trusted_networks, std::vector<std::string>{"127.0.0.1/32"});
  ASSERT_EQ(config.dkim.size(), 1u);
  EXPECT_EQ(config.dkim[0].key_file, "/etc/sluice/keys/s1.pem");
  EXPECT_EQ(config.retry.ladder.size(), 6u);
  EXPECT_EQ(config.retry.expire, std::chrono::hours(48));
  ASSERT_EQ(config.policies.size(), 1u);
  EXPECT_EQ(config.policies[0].match, (Match{{"domain", "example.test"}}));
  EXPECT_EQ(config.policies[0].connections, 5u);
  EXPECT_EQ(loaded->origins.at("delivery.smtp_port"), (Position{8, 13}));
}

TEST(Load, EmptyFileIsTheDefaultsWithSpoolInDataDir) {
  const auto loaded = load_text("", "c.toml");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.spool.dir, "/var/lib/sluice/spool");
}

TEST(Load, UnknownKeyNamesTheNearest) {
  EXPECT_EQ(complaint("[delivery]\nsmtp_prot = 25\n"),
            "c.toml:2:1: unknown key `smtp_prot` in [delivery]; did you mean `smtp_port`?\n");
  EXPECT_EQ(complaint("data_dri = \"/x\"\n"),
            "c.toml:1:1: unknown key `data_dri`; did you mean `data_dir`?\n");
  EXPECT_EQ(complaint("[delivrey]\nsmtp_port = 25\n"),
            "c.toml:1:2: unknown section [delivrey]; did you mean [delivery]?\n");
  EXPECT_EQ(complaint("[[source]]\nname = \"a\"\nadress = \"127.0.0.1\"\n"),
            "c.toml:3:1: unknown key `adress` in [[source]]; did you mean `address`?\n");
}

TEST(Load, KeyInTheWrongSectionIsSentHome) {
  EXPECT_EQ(complaint("[http]\nsmtp_port = 25\n"),
            "c.toml:2:1: unknown key `smtp_port` in [http]; `smtp_port` belongs in [delivery]\n");
  EXPECT_EQ(complaint("[log]\nworkers = 2\n"),
            "c.toml:2:1: unknown key `workers` in [log]; `workers` belongs at the top of the file\n");
}

TEST(Load, KeyNearNothingListsWhatIsKnown) {
  EXPECT_EQ(complaint("[log]\nzzzzzz = 2\n"),
            "c.toml:2:1: unknown key `zzzzzz` in [log]; known are level, format\n");
}

TEST(Load, WrongTypesSayWhatIsWanted) {
  EXPECT_EQ(complaint("[delivery]\nsmtp_port = \"25\"\n"),
            "c.toml:2:13: `smtp_port` in [delivery] wants a whole number, not a text\n");
  EXPECT_EQ(complaint("[retry]\nexpire = 48\n"),
            "c.toml:2:10: `expire` in [retry] wants a duration such as \"5m\", not a whole number\n");
  EXPECT_EQ(
      complaint("[events]\nkeep_size = 1.5\n"),
      "c.toml:2:13: `keep_size` in [events] wants a size such as \"64 MiB\", not a number with a fraction\n");
  EXPECT_EQ(complaint("[dns]\nservers = \"127.0.0.1\"\n"),
            "c.toml:2:11: `servers` in [dns] wants a list of texts, not a text\n");
  EXPECT_EQ(complaint("[dns]\nservers = [5]\n"),
            "c.toml:2:11: `servers` in [dns] wants a list of texts, and one entry is a whole number\n");
  EXPECT_EQ(complaint("[tls]\nverify = 1\n"),
            "c.toml:2:10: `verify` in [tls] wants true or false, not a whole number\n");
  EXPECT_EQ(complaint("data_dir = 2026-01-01\n"),
            "c.toml:1:12: `data_dir` wants a text, not a date or time\n");
}

TEST(Load, OutOfRangeSaysTheRange) {
  EXPECT_EQ(complaint("[delivery]\nsmtp_port = 70000\n"),
            "c.toml:2:13: `smtp_port` in [delivery]: 70000 is outside 1 to 65535\n");
  EXPECT_EQ(complaint("workers = -1\n"), "c.toml:1:11: `workers`: -1 is outside 0 to 256 threads\n");
  EXPECT_EQ(complaint("workers = 9223372036854775807\n"),
            "c.toml:1:11: `workers`: 9223372036854775807 is outside 0 to 256 threads\n");
  EXPECT_EQ(complaint("[dns]\ntimeout = \"10ms\"\n"),
            "c.toml:2:11: `timeout` in [dns]: 10ms is outside 100ms to 2m\n");
  EXPECT_EQ(complaint("[store]\nwal_size = \"1 MiB\"\n"),
            "c.toml:2:12: `wal_size` in [store]: 1 MiB is outside 16 MiB to 64 GiB\n");
  EXPECT_EQ(complaint("[retry]\nladder = [\"1ms\"]\n"),
            "c.toml:2:10: `ladder` in [retry]: 1ms is outside 10ms to 7d\n");
  EXPECT_EQ(complaint("[retry]\nladder = []\n"), "c.toml:2:10: `ladder` in [retry]: must not be empty\n");
  EXPECT_EQ(complaint("[retry]\njitter = 99\n"),
            "c.toml:2:10: `jitter` in [retry]: 99 is outside 0 to 50%\n");
}

TEST(Load, ShapesAreChecked) {
  EXPECT_EQ(complaint("[log]\nlevel = \"inof\"\n"),
            "c.toml:2:9: `level` in [log]: \"inof\" is not one of \"debug\", \"info\", \"warn\", \"error\"; "
            "did you mean \"info\"?\n");
  EXPECT_EQ(complaint("[http]\nlisten = \"8025\"\n"),
            "c.toml:2:10: `listen` in [http]: `8025` is not an address; write it as \"127.0.0.1:8025\" or "
            "\"[::1]:8025\"\n");
  EXPECT_EQ(complaint("[[source]]\nname = \"a b\"\naddress = \"::1\"\n"),
            "c.toml:2:8: `name` in [[source]]: `a b` is not a name; use up to 100 letters, digits, '.', '_' "
            "and '-'\n"
            "c.toml:3:11: `address` in [[source]]: `::1` is not an IPv4 address\n");
  EXPECT_THAT(complaint("[public]\nurl = \"ftp://x\"\n"), HasSubstr("is not a base URL"));
  EXPECT_THAT(complaint("[public]\nurl = \"https://a.test/?x\"\n"), HasSubstr("is not a base URL"));
  EXPECT_THAT(complaint("[bounce]\ndomain = \"localhost\"\n"), HasSubstr("`localhost` is not a domain name"));
  EXPECT_THAT(complaint("[retry]\nexpire = \"soon\"\n"), HasSubstr("`soon` is not a duration; write it as"));
}

TEST(Load, TheWholeInternetIsNotTrusted) {
  for (const auto* network : {"0.0.0.0/0", "::/0"}) {
    const auto text =
        std::string("[[listener]]\nlisten = \"127.0.0.1:0\"\ntrusted_networks = [\"") + network + "\"]\n";
    EXPECT_EQ(complaint(text), std::string("c.toml:3:20: `trusted_networks` in [[listener]]: `") + network +
                                   "` would let the whole internet in; name the networks that may submit\n");
  }
}

TEST(Load, MissingKeysOfAnEntry) {
  EXPECT_EQ(complaint("[[source]]\naddress = \"127.0.0.1\"\n"),
            "c.toml:1:1: `name` is missing in [[source]]; write name = \"a\"\n");
  EXPECT_EQ(complaint("[[pool]]\nname = \"p\"\n"),
            "c.toml:1:1: `sources` is missing in [[pool]]; write sources = [\"a\"]\n");
}

TEST(Load, BracketsMustFitTheSection) {
  EXPECT_EQ(complaint("[source]\nname = \"a\"\n"),
            "c.toml:1:2: [[source]] may repeat: write [[source]] with two brackets before each\n");
  EXPECT_EQ(complaint("[[log]]\nlevel = \"info\"\n"), "c.toml:1:3: [log] is one table: write [log], once\n");
}

TEST(Load, MatchKeysAreChecked) {
  EXPECT_EQ(complaint("[[policy]]\nmatch = { domian = \"a.test\" }\nconnections = 1\n"),
            "c.toml:2:9: unknown key `domian` in `match` in [[policy]]; did you mean `domain`?\n");
  EXPECT_EQ(
      complaint("[[policy]]\nmatch = { domain = 5 }\nconnections = 1\n"),
      "c.toml:2:9: `domain` in `match` in [[policy]] wants a text that is not empty, not a whole number\n");
}

TEST(Load, SyntaxErrorHasItsPlace) {
  EXPECT_THAT(complaint("data_dir = \n"), HasSubstr("c.toml:1:"));
  EXPECT_THAT(complaint("data_dir = \n"), HasSubstr("not TOML: "));
  EXPECT_THAT(complaint("[log]\nlevel = \"info\"\nlevel = \"warn\"\n"), HasSubstr("c.toml:3:"));
  EXPECT_THAT(complaint("x = \"\xff\xfe\"\n"), HasSubstr("not TOML: "));
  EXPECT_THAT(complaint(std::string("x = ") + std::string(100'000, '[')), HasSubstr("not TOML: "));
}

TEST(Load, EveryProblemIsReportedInFileOrder) {
  const auto said = complaint("[delivery]\nsmtp_port = 0\nchunkign = true\n[log]\nlevel = 5\n");
  EXPECT_EQ(said,
            "c.toml:2:13: `smtp_port` in [delivery]: 0 is outside 1 to 65535\n"
            "c.toml:3:1: unknown key `chunkign` in [delivery]; did you mean `chunking`?\n"
            "c.toml:5:9: `level` in [log] wants a text, not a whole number\n");
}

TEST(Load, RatesFollowTheThrottlesGrammar) {
  const std::string head = "[[policy]]\nmatch = { domain = \"Example.TEST\", site = \"*\" }\nmessage_rate = ";
  EXPECT_EQ(complaint(head + "\"1,000/min burst 5\"\n"), "");
  EXPECT_THAT(complaint(head + "\"fast\"\n"), HasSubstr("c.toml:3:16: `message_rate` in [[policy]]: "));
  const auto loaded = load_text(head + "\"1/s\"\n", "c.toml");
  EXPECT_EQ(loaded->config.policies[0].match, (Match{{"domain", "example.test"}, {"site", "*"}}));
}

TEST(Load, BoundsAreNamed) {
  auto options = without_files();
  options.max_entries = 2;
  options.max_text = 8;
  EXPECT_EQ(complaint("[dns]\nservers = [\"::1\", \"::1\", \"::1\"]\n", options),
            "c.toml:2:11: `servers` in [dns] has more than 2 entries\n");
  EXPECT_EQ(complaint("data_dir = \"/123456789\"\n", options),
            "c.toml:1:12: `data_dir`: the text is longer than 8 bytes\n");
  EXPECT_EQ(complaint("[[source]]\n[[source]]\n[[source]]\n", options),
            "c.toml:1:3: more than 2 [[source]]\n");
}

TEST(Load, MissingFileAndFolderAreSaid) {
  const auto missing = load_file("/nonexistent/sluice.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(to_text(missing.error()),
            "/nonexistent/sluice.toml: cannot be opened: No such file or directory\n");
  const auto folder = load_file("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(to_text(folder.error()), "/: is a directory, not a file\n");
}

TEST(Nearest, OnlySlipsOfTheFingers) {
  constexpr std::string_view kNames[] = {"listen", "connections", "idle"};
  EXPECT_EQ(nearest("lisetn", kNames), "listen");
  EXPECT_EQ(nearest("conections", kNames), "connections");
  EXPECT_EQ(nearest("zebra", kNames), std::nullopt);
  EXPECT_EQ(nearest(std::string(1000, 'a'), kNames), std::nullopt);
  EXPECT_EQ(edit_distance("ab", "ba"), 1);
  EXPECT_EQ(edit_distance("", "abc"), 3);
}

}  // namespace
}  // namespace sluice::config
