#include "engine/delivery/raw_payload.hpp"

#include <gtest/gtest.h>

#include "engine/delivery/raw_header.hpp"

namespace sluice::delivery {
namespace {

RawPayload full() {
  RawPayload payload;
  payload.sender = "a@shop.test";
  payload.eight_bit = payload.smtp_utf8 = true;
  payload.from_domain = "shop.test";
  payload.header_bytes = 3;
  payload.dsn = {1, 6, "env", "rfc822", "b@example.test"};
  return payload;
}

TEST(RawPayload, ComesBackAsItWas) {
  for (const bool stored : {false, true}) {
    auto payload = full();
    payload.stored = stored;
    payload.length = 5;
    payload.crc = stored ? 0xdeadbeef : 0;
    if (!stored) payload.message = "abcde";
    std::string bytes;
    payload.append_to(bytes);
    const auto back = RawPayload::decode(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->sender, payload.sender);
    EXPECT_EQ(back->from_domain, payload.from_domain);
    EXPECT_EQ(back->header_bytes, payload.header_bytes);
    EXPECT_EQ(back->dsn, payload.dsn);
    EXPECT_EQ(back->eight_bit && back->smtp_utf8, true);
    EXPECT_EQ(back->stored, stored);
    EXPECT_EQ(back->length, payload.length);
    EXPECT_EQ(back->crc, payload.crc);
    EXPECT_EQ(back->message, payload.message);
  }
}

TEST(RawPayload, TornBytesAreNoPayload) {
  auto payload = full();
  payload.stored = true;
  payload.length = 5;
  std::string bytes;
  payload.append_to(bytes);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(RawPayload::decode(bytes.substr(0, n))) << n;
  EXPECT_FALSE(RawPayload::decode(bytes + "x"));
  payload.header_bytes = 6;
  bytes.clear();
  payload.append_to(bytes);
  EXPECT_FALSE(RawPayload::decode(bytes)) << "a header longer than the message";
}

TEST(RawHeader, FindsFieldsInAnyCaseAndFolded) {
  const auto header = read_raw_header(
      "DATE: x\r\nfrom:\r\n \"Example, Ann\"\r\n\t<ann@Shop.Test>\r\nMessage-Id : <1@x>\r\n\r\nFrom: in the "
      "body\r\n");
  ASSERT_TRUE(header) << header.error().text;
  EXPECT_TRUE(header->date && header->from && header->message_id);
  EXPECT_EQ(header->from_domain, "shop.test");
  EXPECT_FALSE(header->non_ascii);
  EXPECT_EQ(header->bytes, std::string_view("DATE: x\r\nfrom:\r\n \"Example, Ann\"\r\n\t<ann@Shop.Test>\r\n"
                                            "Message-Id : <1@x>\r\n\r\n")
                               .size());
}

TEST(RawHeader, TakesOddButLegalShapes) {
  EXPECT_EQ(read_raw_header("\r\nbody\r\n")->bytes, 2U);
  EXPECT_EQ(read_raw_header("Subject: x\r\n")->bytes, 12U);
  EXPECT_EQ(read_raw_header("Subject: x")->bytes, 10U);
  EXPECT_EQ(read_raw_header("")->bytes, 0U);
  EXPECT_TRUE(read_raw_header("Subject: \xc3\xa9\r\n\r\n")->non_ascii);
  EXPECT_EQ(read_raw_header("From: a@x.test, b@y.test\r\n\r\n")->from_domain, "");
}

TEST(RawHeader, RefusesWhatIsNone) {
  for (const auto* text :
       {"hello\r\n", " folded: first\r\n", ": empty name\r\n", "From: a@x.test\r\nFrom: b@y.test\r\n",
        "Subject: x\r\nno field\r\n\r\n", "\xc3\xa9: x\r\n", "a b: x\r\n"}) {
    EXPECT_FALSE(read_raw_header(text)) << text;
  }
  std::string many;
  for (std::size_t i = 0; i <= kMaxRawFields; ++i) many += "X: y\r\n";
  EXPECT_FALSE(read_raw_header(many + "\r\n"));
}

}  // namespace
}  // namespace sluice::delivery
