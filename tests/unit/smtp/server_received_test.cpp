#include "engine/smtp/server_received.hpp"

#include <gtest/gtest.h>

namespace sluice::smtp {
namespace {

Envelope envelope() {
  Envelope out;
  out.peer.address = "192.0.2.1";
  out.hello = "client.test";
  out.esmtp = true;
  out.recipients.push_back({.mailbox = {"b@example.test", 1}, .parameters = {}});
  return out;
}

TEST(ReceivedHeader, NamesBothEndsAndTheTime) {
  EXPECT_EQ(received_header(envelope(), "mx.test", "abc", from_ms(1'764'097'200'123)),
            "Received: from client.test ([192.0.2.1])\r\n\tby mx.test with ESMTP id abc\r\n"
            "\tfor <b@example.test>;\r\n\tTue, 25 Nov 2025 19:00:00 +0000\r\n");
}

TEST(ReceivedHeader, ShowsNoRecipientToAnother) {
  auto two = envelope();
  two.recipients.push_back(two.recipients.front());
  two.tls = true;
  two.peer.address = "2001:db8::1";
  const auto header = received_header(two, "mx.test", "abc", from_ms(0));
  EXPECT_FALSE(header.contains("for <"));
  EXPECT_TRUE(header.contains("with ESMTPS"));
  EXPECT_TRUE(header.contains("([IPv6:2001:db8::1])"));
}

TEST(ReceivedHeader, CountsOnlyInTheHeader) {
  EXPECT_EQ(
      count_received("Received: a\r\n\tReceived: no\r\nRECEIVED : b\r\nX-Received: c\r\n\r\nReceived: d\r\n"),
      2U);
  EXPECT_EQ(count_received(""), 0U);
  EXPECT_EQ(count_received("Received"), 0U);
}

TEST(ReceivedHeader, RefusesALoop) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "Received: x\r\n";
  EXPECT_FALSE(refuse_loop(text + "\r\n"));
  const auto reply = refuse_loop(text + "Received: x\r\n\r\n");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code, 554);
  EXPECT_EQ(reply->enhanced.text(), "5.4.6");
}

}  // namespace
}  // namespace sluice::smtp
