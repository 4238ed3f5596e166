#include "engine/dns/name.hpp"

#include <gtest/gtest.h>

namespace sluice::dns {
namespace {

using namespace std::string_literals;

TEST(CanonicalDomain, IsLowerCaseWithoutTheTrailingDot) {
  EXPECT_EQ(canonical_domain("Example.TEST."), "example.test");
  EXPECT_EQ(canonical_domain("xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_EQ(canonical_domain("a"), "a");
  EXPECT_EQ(canonical_domain("1and1.example"), "1and1.example");
}

TEST(CanonicalDomain, RefusesWhatIsNoDomainAndSaysWhy) {
  for (const auto& bad : {""s, "."s, ".example"s, "a..b"s, "a.b.."s, "-a.test"s, "a-.test"s, "a b.test"s,
                          "a_b.test"s, "b\xc3\xbc.test"s, "a\0b.test"s, "a\r\n.test"s, "192.0.2.1"s, "a.123"s,
                          "*.test"s, std::string(64, 'a') + ".test", std::string(300, 'a')}) {
    const auto name = canonical_domain(bad);
    ASSERT_FALSE(name.has_value()) << bad;
    EXPECT_EQ(name.error().code, ErrorCode::invalid_input);
    for (const char c : name.error().text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << bad;
  }
}

TEST(CanonicalDomain, TakesTheLongestNameAndNoLonger) {
  const auto label = std::string(63, 'a');
  const auto longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  ASSERT_EQ(longest.size(), kMaxNameLength);
  EXPECT_TRUE(canonical_domain(longest).has_value());
  EXPECT_TRUE(canonical_domain(longest + ".").has_value());
  EXPECT_FALSE(canonical_domain(longest + "a").has_value());
}

TEST(CanonicalHost, ToleratesUnderscores) {
  EXPECT_EQ(canonical_host("MX_1.example.test"), "mx_1.example.test");
  EXPECT_FALSE(canonical_host("mx/1.example.test").has_value());
}

TEST(NameFromWire, ReadsLabelsUpToTheRoot) {
  std::size_t used = 0;
  EXPECT_EQ(name_from_wire("\2MX\4test\0rest"s, used), "mx.test");
  EXPECT_EQ(used, 9U);
  EXPECT_EQ(name_from_wire("\0"s, used), ".");
  EXPECT_EQ(used, 1U);
}

TEST(NameFromWire, RefusesCutOffCompressedAndUnprintableNames) {
  std::size_t used = 0;
  for (const auto& bad :
       {""s, "\2mx"s, "\5mx\0"s, "\xc0\x0c"s, "\3m.x\0"s, "\3m\nx\0"s, "\2m\xff\0"s, "\1\\\0"s}) {
    EXPECT_FALSE(name_from_wire(bad, used).has_value());
  }
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += "\3abc";
  EXPECT_FALSE(name_from_wire(endless + "\0"s, used).has_value());
}

}  // namespace
}  // namespace sluice::dns
