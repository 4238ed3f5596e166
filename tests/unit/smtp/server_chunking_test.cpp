// BDAT (RFC 3030).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smtp/server_play.hpp"

namespace sluice::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kOpen;
using testing::play;

const ServerOptions kChunking{.chunking = true, .max_message_bytes = 1024, .max_dropped_bytes = 8192};

TEST(ServerChunking, TakesOneChunkWithDotsAsTheyAre) {
  const auto played = play(kChunking, std::string(kOpen) + "BDAT 12 LAST\r\n.\r\n..a\r\n.\r\nxNOOP\r\n");
  EXPECT_THAT(played.messages, ElementsAre(".\r\n..a\r\n.\r\nx"));
  EXPECT_TRUE(played.replies.ends_with("250 2.0.0 Queued\r\n250 2.0.0 OK\r\n"));
}

TEST(ServerChunking, PutsSeveralChunksTogether) {
  const auto played =
      play(kChunking, std::string(kOpen) + "BDAT 3\r\nab\rBDAT 0\r\nBDAT 2\r\n\ncBDAT 3 LAST\r\nd\r\n", 5);
  EXPECT_THAT(played.messages, ElementsAre("ab\r\ncd\r\n")) << "a CRLF may lie across two chunks";
}

TEST(ServerChunking, PipelinesMessages) {
  const std::string one = "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 5 LAST\r\none\r\n";
  const auto played = play(kChunking, "EHLO c\r\n" + one + one + one);
  EXPECT_THAT(played.messages, ElementsAre("one\r\n", "one\r\n", "one\r\n"));
  EXPECT_LE(played.writes, 2U);
}

TEST(ServerChunking, EatsTheChunkOfARefusedBdat) {
  auto played = play(kChunking, "EHLO c\r\nBDAT 25 LAST\r\nMAIL FROM:<evil@x.test>\r\nNOOP\r\n");
  EXPECT_TRUE(played.replies.ends_with("503 5.5.1 MAIL and RCPT first\r\n250 2.0.0 OK\r\n"));
  EXPECT_FALSE(played.said("250 2.1.0")) << "chunk bytes are never commands";
  played = play(kChunking,
                "EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<no@d.test>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
  EXPECT_TRUE(played.replies.ends_with("554 5.5.1 No valid recipients\r\n250 2.0.0 OK\r\n"));
}

TEST(ServerChunking, ClosesOnABdatItCannotRead) {
  EXPECT_TRUE(play(kChunking, std::string(kOpen) + "BDAT x LAST\r\nNOOP\r\n").closed);
  EXPECT_TRUE(play({}, std::string(kOpen) + "BDAT 6 LAST\r\nNOOP\r\n").closed) << "not offered";
}

TEST(ServerChunking, HoldsTheSizeOverAllChunks) {
  const std::string half = std::string(598, 'x') + "\r\n";
  auto played =
      play(kChunking, std::string(kOpen) + "BDAT 600\r\n" + half + "BDAT 600 LAST\r\n" + half + "NOOP\r\n");
  EXPECT_TRUE(played.replies.ends_with("552 5.3.4 Message too large\r\n250 2.0.0 OK\r\n")) << played.replies;
  played = play(kChunking, std::string(kOpen) + "BDAT 18446744073709551615 LAST\r\n");
  EXPECT_TRUE(played.closed);
}

TEST(ServerChunking, MixesWithNoDataOrRecipients) {
  const auto chunk = std::string(kOpen) + "BDAT 3\r\na\r\n";
  EXPECT_TRUE(play(kChunking, chunk + "DATA\r\n").said("503 5.5.1"));
  EXPECT_TRUE(play(kChunking, chunk + "RCPT TO:<x@y.test>\r\n").said("503 5.5.1"));
  EXPECT_THAT(play(kChunking, chunk + "RSET\r\nBDAT 3 LAST\r\nb\r\n").messages, IsEmpty());
}

TEST(ServerChunking, RefusesBareLineEnds) {
  for (const auto* text : {"BDAT 3 LAST\r\na\nb", "BDAT 3 LAST\r\na\rb", "BDAT 2 LAST\r\na\r",
                           "BDAT 2\r\na\rBDAT 1 LAST\r\nb"}) {
    const auto played = play(kChunking, std::string(kOpen) + text);
    EXPECT_TRUE(played.said("550 5.5.2 Bare CR or LF")) << text;
    EXPECT_THAT(played.messages, IsEmpty());
  }
}

}  // namespace
}  // namespace sluice::smtp
