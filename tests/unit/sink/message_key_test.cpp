#include "engine/sink/message_key.hpp"

#include <gtest/gtest.h>

namespace sluice::sink {
namespace {

const auto kId = MessageId::make(from_ms(1'764'097'200'123), 1, 2, 3);
const auto kOther = MessageId::make(from_ms(1'764'097'200'123), 1, 2, 4);

TEST(FindId, ReadsOurHeaderOrTheMessageId) {
  EXPECT_EQ(find_id("Subject: x\r\nX-Sluice-Id: " + kId.text() + "\r\n\r\nbody"), kId);
  EXPECT_EQ(find_id("MESSAGE-ID: <" + kId.text() + "@shop.test>\r\n\r\n"), kId);
  EXPECT_EQ(find_id("Message-ID:\r\n\t<" + kId.text() + "@shop.test>\r\n\r\n"), kId) << "folded";
  EXPECT_EQ(find_id("Message-ID: <" + kOther.text() + "@x>\r\nX-Sluice-Id: " + kId.text() + "\r\n\r\n"), kId);
}

TEST(FindId, GivesForeignMessageIdsAnIdOfTheirOwn) {
  const auto one = find_id("Message-ID: <abc@x.test>\r\n\r\n");
  ASSERT_TRUE(one);
  EXPECT_EQ(find_id("Message-Id: <abc@x.test> \r\n\r\n"), one);
  EXPECT_NE(find_id("Message-ID: <abd@x.test>\r\n\r\n"), one);
}

TEST(FindId, LooksOnlyInTheHeader) {
  EXPECT_FALSE(find_id("Subject: x\r\n\r\nMessage-ID: <" + kId.text() + "@x>\r\n"));
  EXPECT_FALSE(find_id("\r\nX-Sluice-Id: " + kId.text()));
  EXPECT_FALSE(find_id(""));
  EXPECT_FALSE(find_id("Subject: a\r\n X-Sluice-Id: " + kId.text() + "\r\n\r\n")) << "part of the subject";
  EXPECT_FALSE(find_id("X-Sluice-Id: nonsense\r\n\r\n"));
}

TEST(DeliveryKey, TellsCopiesToDifferentRecipientsApart) {
  EXPECT_EQ(delivery_key(kId, "a@x.test"), delivery_key(kId, "a@x.test"));
  EXPECT_NE(delivery_key(kId, "a@x.test"), delivery_key(kId, "b@x.test"));
  EXPECT_NE(delivery_key(kId, "a@x.test"), delivery_key(kOther, "a@x.test"));
}

}  // namespace
}  // namespace sluice::sink
