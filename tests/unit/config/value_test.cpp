#include "config/value.hpp"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Duration, ParsesUnitsAloneAndCombined) {
  EXPECT_EQ(parse_duration("250ms"), Millis{250});
  EXPECT_EQ(parse_duration("0s"), Millis{0});
  EXPECT_EQ(parse_duration("5m"), minutes(5));
  EXPECT_EQ(parse_duration("1h30m"), minutes(90));
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), hours(26) + minutes(3) + seconds(4) + Millis(5));
}

TEST(Duration, RefusesWhatIsNoDuration) {
  for (const auto* text : {"", "5", "m", "5 m", "-5m", "5m5m", "5s1m", "1.5h", "5y", "5M",
                           "99999999999999999999s", "36501d", "5m ", "\xff"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, PrintsSoThatItParsesBack) {
  EXPECT_EQ(to_text(Millis{0}), "0s");
  EXPECT_EQ(to_text(Millis{hours(48)}), "48h");
  EXPECT_EQ(to_text(Millis{hours(72)}), "3d");
  EXPECT_EQ(to_text(Millis{seconds(90)}), "90s");
  for (const std::int64_t ms : {1LL, 999LL, 1000LL, 61'000LL, 86'400'000LL, 259'200'000LL, 259'200'001LL}) {
    EXPECT_EQ(parse_duration(to_text(Millis{ms})), Millis{ms}) << ms;
  }
}

TEST(Size, ParsesBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_size("50 GiB"), gib(50));
  EXPECT_EQ(parse_size("16KiB"), kib(16));
  EXPECT_EQ(parse_size("10 MB"), ByteSize{10'000'000});
  EXPECT_EQ(parse_size("0 B"), ByteSize{0});
}

TEST(Size, RefusesWhatIsNoSize) {
  for (const auto* text : {"", "5", "GiB", "5  GiB", "-1 B", "1.5 GiB", "5 gib", "99999999 TiB", "5 GiB "}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Size, PrintsSoThatItParsesBack) {
  for (const std::uint64_t bytes : {0ULL, 1ULL, 1000ULL, 1024ULL, 1536ULL, 1'000'000ULL, 50ULL << 30}) {
    EXPECT_EQ(parse_size(to_text(ByteSize{bytes})), ByteSize{bytes}) << bytes;
  }
}

TEST(EndpointText, ParsesBothFamilies) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:8025"), (Endpoint{"127.0.0.1", 8025}));
  EXPECT_EQ(parse_endpoint("[::1]:0"), (Endpoint{"::1", 0}));
  EXPECT_EQ(parse_endpoint("127.0.0.1", 53), (Endpoint{"127.0.0.1", 53}));
  EXPECT_EQ(parse_endpoint("::1", 53), (Endpoint{"::1", 53}));
  EXPECT_EQ(parse_endpoint("[::1]", 53), (Endpoint{"::1", 53}));
}

TEST(EndpointText, RefusesTheRest) {
  for (const auto* text :
       {"", ":25", "localhost:25", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:25x", "::1:25x", "[::1]", "[::1", "[127.0.0.1]:25", "1.2.3:25", "::1"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

TEST(Network, RefusesEverybody) {
  for (const auto* text : {"0.0.0.0/0", "10.0.0.0/0", "::/0", "::ffff:0:0/96", "::/64"}) {
    const auto checked = check_network(text);
    ASSERT_FALSE(checked) << text;
    EXPECT_NE(checked.error().text.find("whole internet"), std::string::npos) << text;
  }
}

TEST(Network, TakesNetworksAndSingleAddresses) {
  for (const auto* text : {"127.0.0.1/32", "10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1", "::1/128",
                           "::ffff:10.0.0.0/104"}) {
    EXPECT_TRUE(check_network(text)) << text;
  }
  for (const auto* text :
       {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "2001:db8::/129", "host/8", "10.0.0/8"}) {
    EXPECT_FALSE(check_network(text)) << text;
  }
}

TEST(HostName, ChecksLabels) {
  EXPECT_TRUE(is_host_name("mta-a.shop.test", 2));
  EXPECT_TRUE(is_host_name("localhost"));
  for (const auto* text : {"", ".", "a.", ".a", "a..b", "-a.test", "a-.test", "a b", "a\n", "localhost"}) {
    EXPECT_FALSE(is_host_name(text, 2)) << text;
  }
  EXPECT_FALSE(is_host_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace sluice::config
