// Whatever ends a message elsewhere must not end it here: only CRLF.CRLF does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/smtp/server_play.hpp"

namespace sluice::smtp {
namespace {

using ::testing::IsEmpty;
using testing::kOpen;
using testing::play;
using testing::play_data;
using testing::Played;

constexpr std::string_view kSecond =
    "MAIL FROM:<admin@bank.test>\r\nRCPT TO:<x@y.test>\r\nDATA\r\nsmuggled\r\n";

TEST(ServerSmuggling, NoOtherSequenceEndsTheText) {
  for (const std::string end : {"\n.\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\n.\r\n", "\r.\r\n", "\r\n\n.\r\n",
                                "\r\n\r.\r\n", "\r\r\n.\r\r\n", "\n\r.\n\r", "\r\n.\r\r\n", "\r\n.\n\r\n"}) {
    const auto played = play_data("Subject: x\r\n\r\nhi" + end + std::string(kSecond) + "\r\n.\r\n");
    EXPECT_THAT(played.messages, IsEmpty()) << ::testing::PrintToString(end);
    EXPECT_TRUE(played.replies.ends_with("550 5.5.2 Bare CR or LF in message\r\n"))
        << ::testing::PrintToString(end);
    EXPECT_FALSE(played.closed);
  }
}

TEST(ServerSmuggling, SequencesWithDotsAreText) {
  for (const std::string end : {"\r\n..\r\n", "\r\n. \r\n", "\r\n.x\r\n", "x.\r\n", "\r\n.\t\r\n"}) {
    const auto played = play_data("hi" + end + std::string(kSecond) + ".\r\n");
    ASSERT_EQ(played.messages.size(), 1U) << ::testing::PrintToString(end);
    EXPECT_TRUE(played.messages[0].ends_with("smuggled\r\n"));
  }
}

TEST(ServerSmuggling, BareLineEndsInCommandsEndTheSession) {
  for (const auto* line : {"NOOP\n", "NOOP\nQUIT\r\n", "NOOP\rQUIT\r\n", "\n", "NOOP\r\r\n", "RSET\n\r\n"}) {
    const auto played = play({}, "EHLO c\r\n" + std::string(line) + "NOOP\r\n");
    EXPECT_TRUE(played.closed) << line;
    EXPECT_TRUE(played.said("500 5.5.2 Bare")) << line;
    EXPECT_FALSE(played.said("221")) << line;
  }
}

/// Sessions that visit every state; bad input too.
std::vector<std::string> sessions() {
  const std::string open(kOpen);
  std::string block;
  for (int i = 0; i < 40; ++i)
    block += "..line with a dot and more text to fill a block " + std::to_string(i) + "\r\n";
  return {
      open + "DATA\r\nx\r\n..y\r\n.z\r\n.\r\nRSET\r\nNOOP\r\nVRFY x\r\nQUIT\r\n",
      open + "DATA\r\n" + block + ".\r\n" + open.substr(18) + "DATA\r\n.\r\nQUIT\r\n",
      open + "DATA\r\n" + std::string(997, 'x') + "\r\r\n.\r\nFROB\r\nQUIT\r\n",
      open + "DATA\r\n\r\n\r\n.\r\n.\n\r\n.\r\nQUIT\r\n",
      open + "DATA\r\n" + std::string(1500, 'y') + "\r\n.\r\nNOOP\r\n",
      open + "DATA\r\n" + block + block + block + ".\r\nNOOP " + std::string(600, 'z') + "\r\nNOOP\r\n",
      open + "BDAT 5\r\na\r\n.\rBDAT 3 LAST\r\n\nb\nBDAT 4\r\nQUITNOOP\r\nQUIT\r\n",
      open + "BDAT 5000 LAST\r\n" + std::string(5000, 'q') + "NOOP\r\nBDAT zz\r\n",
      "HELO c\r\nMAIL FROM:<later@x.test>\r\nMAIL FROM:<\xff>\r\nGET / HTTP/1.1\r\n",
      "EHLO c\r\nNOOP a\rb\r\nNOOP\r\n",
      std::string(3000, 'w') + "\nNOOP\r\n",
      "\r\n\r\n \r\nNOOP\r\n",
  };
}

TEST(ServerMachine, AnySplitOfTheBytesGivesTheSameSession) {
  const ServerOptions options{.chunking = true,
                              .max_message_bytes = 4096,
                              .max_dropped_bytes = 64 << 10,
                              .max_command_bytes = 512,
                              .read_bytes = 4096,
                              .max_reply_bytes = 64};
  std::mt19937 random(42);
  for (const auto& bytes : sessions()) {
    const auto whole = play(options, bytes);
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 63U, 64U, 65U, 127U}) {
      EXPECT_EQ(play(options, bytes, piece), whole) << piece << ' ' << bytes.substr(0, 120);
    }
    for (int round = 0; round < 40; ++round) {
      testing::Player player(options);
      for (std::string_view rest = bytes; !rest.empty();) {
        const auto n = std::min<std::size_t>(rest.size(), 1 + random() % (1 + random() % 200));
        player.feed(rest.substr(0, n));
        rest.remove_prefix(n);
      }
      EXPECT_EQ(player.played, whole) << bytes.substr(0, 120);
    }
  }
}

}  // namespace
}  // namespace sluice::smtp
