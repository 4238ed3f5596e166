#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/message/mailbox.hpp"

namespace sluice::message {
namespace {

using ::testing::HasSubstr;

std::string parts(std::string_view text) {
  const auto mailbox = parse_mailbox(text);
  return mailbox ? mailbox->display_name + "|" + mailbox->address.text() : "refused: " + mailbox.error().text;
}

TEST(Mailbox, ReadsNamesInEveryForm) {
  EXPECT_EQ(parts("ann@shop.test"), "|ann@shop.test");
  EXPECT_EQ(parts("<ann@shop.test>"), "|ann@shop.test");
  EXPECT_EQ(parts("Shop <news@shop.test>"), "Shop|news@shop.test");
  EXPECT_EQ(parts("  The   Shop\t Team  <News@SHOP.test> "), "The Shop Team|News@shop.test");
  EXPECT_EQ(parts("\"Example, Ann\" <ann@shop.test>"), "Example, Ann|ann@shop.test");
  EXPECT_EQ(parts("\"Ann \\\"A\\\" \\\\\" <ann@shop.test>"), "Ann \"A\" \\|ann@shop.test");
  EXPECT_EQ(parts("John Q. Public <john@shop.test>"), "John Q. Public|john@shop.test");
  EXPECT_EQ(parts("Bücher & Töne <info@bücher.test>"), "Bücher & Töne|info@xn--bcher-kva.test");
  EXPECT_EQ(parts("\"a <b>\" <\"x>y\"@shop.test>"), "a <b>|\"x>y\"@shop.test");
}

TEST(Mailbox, DropsComments) {
  EXPECT_EQ(parts("Ann (the (old) one) <ann@shop.test> (home)"), "Ann|ann@shop.test");
  EXPECT_EQ(parts("(x) ann@shop.test (Ann)"), "|ann@shop.test");
  EXPECT_THAT(parts("Ann (oops <ann@shop.test>"), HasSubstr("never closed"));
}

TEST(Mailbox, RefusesWhatIsNotOneMailbox) {
  EXPECT_THAT(parts("a@shop.test, b@shop.test"), HasSubstr("one address only"));
  EXPECT_THAT(parts("A <a@shop.test>, B <b@shop.test>"), HasSubstr("one mailbox only"));
  EXPECT_THAT(parts("Shop, Inc <a@shop.test>"), HasSubstr("in quotes"));
  EXPECT_THAT(parts("Team: a@shop.test;"), HasSubstr("':'"));
  EXPECT_THAT(parts("Ann <ann@shop.test"), HasSubstr("never closed"));
  EXPECT_THAT(parts("Ann ann@shop.test"), HasSubstr("a space"));
  EXPECT_THAT(parts("\"Ann <ann@shop.test>"), HasSubstr("never closed"));
  EXPECT_THAT(parts("Ann <>"), HasSubstr("empty"));
  EXPECT_THAT(parts(""), HasSubstr("empty"));
  EXPECT_THAT(parts("a@b.test <ann@shop.test>"), HasSubstr("'@'"));
}

TEST(Mailbox, NoHeaderCanBeSmuggledIn) {
  EXPECT_THAT(parts("Ann\r\nBcc: x@shop.test <ann@shop.test>"), HasSubstr("0x0d"));
  EXPECT_THAT(parts("\"Ann\n\" <ann@shop.test>"), HasSubstr("0x0a"));
  EXPECT_THAT(parts(std::string(3000, 'a') + " <ann@shop.test>"), HasSubstr("at most 2048"));
}

}  // namespace
}  // namespace sluice::message
