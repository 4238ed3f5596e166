#include "engine/feedback/reply_text.hpp"

#include <gtest/gtest.h>

namespace sluice::feedback {
namespace {

TEST(ReplyText, OneLineDropsWhatServersRepeat) {
  EXPECT_EQ(one_line("550-5.7.26 This mail\r\n550-5.7.26  is\n550 5.7.26 blocked \n", 1000),
            "This mail is blocked");
  EXPECT_EQ(one_line("5.1.1 <a@b.test>: 550 unknown", 1000), "<a@b.test>: 550 unknown");
  EXPECT_EQ(one_line("192.0.2.1 is listed", 1000), "192.0.2.1 is listed");
  EXPECT_EQ(one_line("5.1.1.2 x", 1000), "5.1.1.2 x");
  EXPECT_EQ(one_line("a\0b\x7f\xff\xc3\xa4"
                     "c",
                     1000),
            "a");  // the literal ends at its NUL
  EXPECT_EQ(one_line(std::string_view("a\0b\x7f\xff\xc3\xa4", 7), 1000), "a b ?\xc3\xa4");
  EXPECT_EQ(one_line("abc", 2), "ab");
  EXPECT_EQ(one_line("", 10), "");
}

TEST(ReplyText, NormalisedTextsOfOneKindAreEqual) {
  const auto a = normalised(
      "550 5.7.1 [192.0.2.7] user ann@shop.test refused, see https://x.test/?id=7 (a1b2c3d4e5)", 500);
  const auto b = normalised(
      "550 5.7.1 [198.51.100.99] user bob@big.test refused, see https://y.test/?id=12345 (ffeedd0011)", 500);
  EXPECT_EQ(a, b);
  EXPECT_EQ(a, "<ip> user <addr> refused, see <url> <id>");
  EXPECT_EQ(normalised("Greylisted FOR 300 seconds by mx1.mail.example.net", 500),
            "greylisted for <n> seconds by <host>");
  EXPECT_LE(normalised(std::string(100'000, 'a'), 200).size(), 200U);
  EXPECT_NE(normalised("mailbox is full", 500), normalised("mailbox is closed", 500));
}

}  // namespace
}  // namespace sluice::feedback
