#include "engine/message/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sluice::message {
namespace {

using ::testing::HasSubstr;

std::string normal(std::string_view text, const AddressOptions& options = {}) {
  const auto address = parse_address(text, options);
  return address ? address->text() : "refused: " + address.error().text;
}

std::string why(std::string_view text, const AddressOptions& options = {}) {
  const auto address = parse_address(text, options);
  return address ? "accepted as " + address->text() : address.error().text;
}

TEST(Address, KeepsTheLocalPartAndLowersTheDomain) {
  EXPECT_EQ(normal("Ann.Example+News@SHOP.Test"), "Ann.Example+News@shop.test");
  EXPECT_EQ(normal("!#$%&'*+-/=?^_`{|}~@a-1.test"), "!#$%&'*+-/=?^_`{|}~@a-1.test");
  const auto address = parse_address("ann@shop.test").value();
  EXPECT_EQ(address.local(), "ann");
  EXPECT_EQ(address.domain(), "shop.test");
  EXPECT_FALSE(address.needs_smtputf8());
  EXPECT_FALSE(address.literal());
}

TEST(Address, TrimsOnlyWhereListsAllowIt) {
  EXPECT_EQ(normal(" \tann@shop.test\r\n"), "ann@shop.test");
  EXPECT_THAT(why(" ann@shop.test", {.trim = false}), HasSubstr("a space"));
}

TEST(Address, QuotedLocalPartsAreKeptAsWritten) {
  EXPECT_EQ(normal("\"ann example\"@shop.test"), "\"ann example\"@shop.test");
  EXPECT_EQ(normal("\"a\\\"b@c\"@shop.test"), "\"a\\\"b@c\"@shop.test");
  EXPECT_THAT(why("\"ann@shop.test"), HasSubstr("never closed"));
  EXPECT_THAT(why("\"ann\\"), HasSubstr("never closed"));
  EXPECT_THAT(why("\"ann\"x@shop.test"), HasSubstr("must follow the closing quote"));
  EXPECT_THAT(why("\"\"@shop.test"), HasSubstr("nothing between the quotes"));
  EXPECT_THAT(why("\"a\nb\"@shop.test"), HasSubstr("0x0a"));
}

TEST(Address, TheKeyFollowsTheStatedRule) {
  const auto key = [](std::string_view text) { return parse_address(text).value().key(); };
  EXPECT_EQ(key("Ann.B+x@Shop.TEST"), "ann.b+x@shop.test") << "no dot or tag tricks";
  EXPECT_EQ(key("\"Ann\"@shop.test"), "ann@shop.test");
  EXPECT_EQ(key("\"A\\nn B\"@shop.test"), "\"ann b\"@shop.test");
  EXPECT_EQ(key("\"a\\\"b\"@shop.test"), "\"a\\\"b\"@shop.test");
  EXPECT_EQ(key("\"a.\"@shop.test"), "\"a.\"@shop.test") << "not a dot-atom: the quotes are needed";
  EXPECT_EQ(key("ÄNN@shop.test"), "Änn@shop.test") << "only ASCII letters are lowered";
  EXPECT_EQ(parse_address("Ann@Shop.test").value().key(Address::Case::sensitive), "Ann@shop.test");
}

TEST(Address, InternationalDomainsBecomeALabels) {
  EXPECT_EQ(normal("ann@Bücher.test"), "ann@xn--bcher-kva.test");
  EXPECT_EQ(normal("ann@faß.test"), "ann@xn--fa-hia.test") << "non-transitional: ß stays itself";
  EXPECT_EQ(normal("ann@例え。テスト"), "ann@xn--r8jz45g.xn--zckzah") << "。 is a dot";
  const auto address = parse_address("ann@XN--BCHER-KVA.test").value();
  EXPECT_EQ(address.text(), "ann@xn--bcher-kva.test");
  EXPECT_EQ(address.display(), "ann@bücher.test");
  EXPECT_FALSE(address.needs_smtputf8());
  EXPECT_THAT(why("ann@xn--a.test"), HasSubstr("internationalised"))
      << "punycode that decodes to nothing allowed";
  EXPECT_THAT(why("ann@\xff.test"), HasSubstr("internationalised"));
  EXPECT_THAT(why("ann@b\u2602ü_.test"), HasSubstr("domain"));
}

TEST(Address, Utf8LocalPartsAreFlagged) {
  const auto address = parse_address("änn@shop.test").value();
  EXPECT_TRUE(address.needs_smtputf8());
  EXPECT_EQ(address.text(), "änn@shop.test");
  EXPECT_TRUE(parse_address("\"ä n\"@shop.test").value().needs_smtputf8());
  for (const char* bad : {"\xc3@shop.test", "\xc0\xafx@shop.test", "\xed\xa0\x80@shop.test",
                          "\xf4\x90\x80\x80@shop.test", "\xc2\x85@shop.test", "\x80@shop.test"}) {
    EXPECT_THAT(why(bad), HasSubstr("no UTF-8 text"));
  }
}

TEST(Address, SaysWhatIsWrong) {
  EXPECT_THAT(why(""), HasSubstr("empty"));
  EXPECT_THAT(why("ann"), HasSubstr("there is no @"));
  EXPECT_THAT(why("@shop.test"), HasSubstr("nothing in front of the @"));
  EXPECT_THAT(why("ann@"), HasSubstr("behind the @ is missing"));
  EXPECT_THAT(why(".ann@shop.test"), HasSubstr("begins with a dot"));
  EXPECT_THAT(why("a..b@shop.test"), HasSubstr("two dots in a row in front"));
  EXPECT_THAT(why("ann.@shop.test"), HasSubstr("right in front of the @"));
  EXPECT_THAT(why("ann@shop@test.test"), HasSubstr("more than one @"));
  EXPECT_THAT(why("ann b@shop.test"), HasSubstr("a space"));
  EXPECT_THAT(why("Ann <ann@shop.test>"), HasSubstr("only local@domain"));
  EXPECT_THAT(why("a@shop.test,b@shop.test"), HasSubstr("one address only"));
  EXPECT_THAT(why("a,b@shop.test"), HasSubstr("more than one address"));
  EXPECT_THAT(why("ann@shop..test"), HasSubstr("two dots"));
  EXPECT_THAT(why("ann@.test"), HasSubstr("begins with a dot"));
  EXPECT_THAT(why("ann@shop.test."), HasSubstr("ends in a dot"));
  EXPECT_THAT(why("ann@-shop.test"), HasSubstr("'-'"));
  EXPECT_THAT(why("ann@shop-.test"), HasSubstr("'-'"));
  EXPECT_THAT(why("ann@sh_op.test"), HasSubstr("'_'"));
  EXPECT_THAT(why("ann@192.0.2.1"), HasSubstr("needs brackets"));
  EXPECT_THAT(why("ann@localhost"), HasSubstr("no dot"));
  EXPECT_THAT(why(std::string_view("a\0b@shop.test", 13)), HasSubstr("0x00"));
  EXPECT_THAT(why(std::string_view("ab@shop.te\0st", 13)), HasSubstr("0x00"));
  EXPECT_THAT(why("a\r\nRCPT TO:<b@shop.test>", {}), HasSubstr("0x0d"));
}

TEST(Address, OptionsOpenWhatListsDoNotHave) {
  EXPECT_EQ(normal("ann@LocalHost", {.single_label = true}), "ann@localhost");
  EXPECT_THAT(why("ann@[192.0.2.1]"), HasSubstr("not allowed here"));
  const AddressOptions literals{.address_literal = true};
  EXPECT_EQ(normal("ann@[192.0.2.1]", literals), "ann@[192.0.2.1]");
  EXPECT_EQ(normal("ann@[IPv6:2001:db8::1]", literals), "ann@[IPv6:2001:db8::1]");
  EXPECT_TRUE(parse_address("ann@[192.0.2.1]", literals).value().literal());
  EXPECT_THAT(why("ann@[192.0.2.300]", literals), HasSubstr("neither"));
  EXPECT_THAT(why("ann@[2001:db8::1]", literals), HasSubstr("neither"));
  EXPECT_THAT(why("ann@[192.0.2.1", literals), HasSubstr("never closed"));
  EXPECT_THAT(why(std::string_view("ann@[192.0.2.1\0]", 16), literals), HasSubstr("neither"));
}

TEST(Address, LengthLimitsAreExact) {
  const std::string label(63, 'a');
  EXPECT_EQ(normal(std::string(64, 'x') + "@shop.test"), std::string(64, 'x') + "@shop.test");
  EXPECT_THAT(why(std::string(65, 'x') + "@shop.test"), HasSubstr("65 bytes in front of the @"));
  EXPECT_EQ(normal("a@" + label + ".test"), "a@" + label + ".test");
  EXPECT_THAT(why("a@" + label + "a.test"), HasSubstr("64 bytes"));
  const auto domain = label + '.' + label + '.' + label + ".test";  // 196 bytes
  EXPECT_EQ(normal(std::string(57, 'x') + '@' + domain).size(), 254U);
  EXPECT_THAT(why(std::string(58, 'x') + '@' + domain), HasSubstr("255 bytes; at most 254"));
  EXPECT_THAT(why("a@" + domain + '.' + label), HasSubstr("at most 255"));
  EXPECT_THAT(why("a@" + std::string(5000, 'b')), HasSubstr("at most 254"));
}

TEST(Address, ReusedStorageHoldsNothingOld) {
  Address address;
  ASSERT_TRUE(parse_address("änn@shop.test", {}, address));
  ASSERT_FALSE(parse_address("ann@shop", {}, address));
  EXPECT_EQ(address, Address{});
  EXPECT_EQ(address.domain(), "");
  EXPECT_EQ(address.key(), "");
  ASSERT_TRUE(parse_address("bob@shop.test", {}, address));
  EXPECT_FALSE(address.needs_smtputf8());
}

TEST(Address, NormalFormIsStable) {
  std::mt19937 random(7);
  const std::string alphabet = "aB.@\"\\ -x[]1:é\xff<>,_";
  std::size_t accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (auto left = random() % 12; left > 0; --left) text += alphabet[random() % alphabet.size()];
    const AddressOptions options{.address_literal = true, .single_label = true};
    const auto once = parse_address(text, options);
    if (!once) continue;
    ++accepted;
    const auto twice = parse_address(once->text(), options);
    ASSERT_TRUE(twice.has_value()) << text << " -> " << once->text();
    ASSERT_EQ(*once, *twice) << text;
    const auto key = parse_address(once->key(), options);
    ASSERT_TRUE(key.has_value()) << text << " -> " << once->key();
    ASSERT_EQ(key->key(), once->key()) << text;
  }
  EXPECT_GT(accepted, 100U);
}

}  // namespace
}  // namespace sluice::message
