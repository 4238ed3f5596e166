#include "engine/smtp/capabilities.hpp"

#include <gtest/gtest.h>

namespace sluice::smtp {
namespace {

Capabilities parse(std::string text) { return Capabilities::parse({250, {}, std::move(text)}); }

TEST(Capabilities, ReadsWhatPostfixAndGmailSay) {
  const auto all = parse(
      "mx.example.test at your service\nSIZE 157286400\n8BITMIME\nSTARTTLS\nENHANCEDSTATUSCODES\nPIPELINING\n"
      "CHUNKING\nSMTPUTF8\nAUTH LOGIN PLAIN XOAUTH2");
  EXPECT_TRUE(all.pipelining && all.eight_bit_mime && all.smtp_utf8 && all.starttls && all.chunking);
  EXPECT_TRUE(all.enhanced_status && all.auth_plain && all.auth_login && all.size);
  EXPECT_EQ(all.max_size, 157286400u);
}

TEST(Capabilities, IgnoresTheServersNameCaseAndUnknownWords) {
  EXPECT_EQ(parse("PIPELINING"), Capabilities());
  EXPECT_EQ(parse("mx\nXCLIENT NAME\n\n  \nVRFY"), Capabilities());
  EXPECT_TRUE(parse("mx\npipeLining").pipelining);
  EXPECT_FALSE(parse("mx\nPIPELININGX").pipelining);
  EXPECT_TRUE(parse("mx\nAUTH=LOGIN PLAIN").auth_plain);
}

TEST(Capabilities, ABrokenSizeIsNoLimit) {
  for (const char* line : {"mx\nSIZE", "mx\nSIZE 0", "mx\nSIZE x", "mx\nSIZE -1",
                           "mx\nSIZE 99999999999999999999999", "mx\nSIZE 10MB"}) {
    EXPECT_TRUE(parse(line).size) << line;
    EXPECT_EQ(parse(line).max_size, 0u) << line;
  }
}

}  // namespace
}  // namespace sluice::smtp
