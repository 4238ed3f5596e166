#include "engine/smtp/server_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smtp/server_play.hpp"

namespace sluice::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kOpen;
using testing::play;
using testing::Played;
using testing::Player;

TEST(ServerMachine, TakesAMessageFromGreetingToQuit) {
  const auto played =
      play({.hostname = "mx.test"}, std::string(kOpen) + "DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n");
  EXPECT_THAT(played.messages, ElementsAre("Subject: x\r\n\r\nhello\r\n"));
  EXPECT_THAT(played.envelopes, ElementsAre("a@shop.test>b@example.test,"));
  EXPECT_TRUE(played.replies.starts_with(
      "220 mx.test sluice ESMTP\r\n250-mx.test\r\n250-PIPELINING\r\n250-SIZE 26214400\r\n"));
  EXPECT_TRUE(played.replies.ends_with(
      "354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 Queued\r\n221 2.0.0 mx.test Bye\r\n"));
  EXPECT_TRUE(played.closed);
}

TEST(ServerMachine, AnswersAPipelinedGroupWithOneWrite) {
  Player player({});
  player.feed("EHLO c.test\r\n");
  const auto before = player.played.writes;
  player.feed(std::string(kOpen).substr(18) + "DATA\r\n");
  EXPECT_EQ(player.played.writes, before + 1);
  player.feed("one\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.test>\r\nDATA\r\ntwo\r\n.\r\n");
  EXPECT_EQ(player.played.writes, before + 2) << "text may come first in a group (RFC 2920 3.1)";
  EXPECT_THAT(player.played.messages, ElementsAre("one\r\n", "two\r\n"));
}

TEST(ServerMachine, HoldsTheOrderOfCommands) {
  EXPECT_TRUE(play({}, "MAIL FROM:<a@b.test>\r\n").said("503 5.5.1 Say EHLO first"));
  EXPECT_TRUE(play({}, "EHLO c\r\nRCPT TO:<a@b.test>\r\n").said("503 5.5.1 MAIL first"));
  EXPECT_TRUE(play({}, "EHLO c\r\nDATA\r\n").said("503 5.5.1"));
  EXPECT_TRUE(
      play({}, std::string(kOpen) + "MAIL FROM:<a@b.test>\r\n").said("503 5.5.1 Sender already given"));
  EXPECT_TRUE(play({}, std::string(kOpen) + "RSET\r\nDATA\r\n").said("503 5.5.1 MAIL and RCPT first"));
  EXPECT_TRUE(play({}, std::string(kOpen) + "EHLO c\r\nDATA\r\n").said("503 5.5.1 MAIL and RCPT first"));
  EXPECT_TRUE(play({}, "EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<no@d.test>\r\nDATA\r\n")
                  .said("554 5.5.1 No valid"));
}

TEST(ServerMachine, OffersNoExtensionsAfterHelo) {
  const auto played =
      play({.hostname = "mx.test"}, "HELO c\r\nMAIL FROM:<a@b.test> SIZE=1\r\nMAIL FROM:<a@b.test>\r\n");
  EXPECT_TRUE(played.said("\r\n250 mx.test\r\n555 5.5.4"));
  EXPECT_TRUE(played.replies.ends_with("250 2.1.0 OK\r\n"));
}

TEST(ServerMachine, KeepsOnlyAcceptedRecipients) {
  const auto played = play({},
                           "EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<no@d.test>\r\nRCPT TO:<yes@d.test>\r\n"
                           "RCPT TO:<later@d.test>\r\nDATA\r\nx\r\n.\r\n");
  EXPECT_THAT(played.envelopes, ElementsAre("a@b.test>yes@d.test,"));
  EXPECT_TRUE(played.said("550 5.1.1 No such user\r\n250 2.1.0 OK\r\n451 4.7.1 Try again later\r\n354"));
}

TEST(ServerMachine, RemovesStuffedDotsInPlace) {
  const auto played = testing::play_data("..a\r\n.b\r\n...\r\nx.\r\n..\r\n.\r\n");
  EXPECT_THAT(played.messages, ElementsAre(".a\r\nb\r\n..\r\nx.\r\n.\r\n"));
  EXPECT_THAT(testing::play_data(".\r\n").messages, ElementsAre("")) << "empty text";
}

TEST(ServerMachine, RefusesTextThatIsTooLargeAndGoesOn) {
  const ServerOptions options{.max_message_bytes = 1024};
  const std::string line(98, 'x');
  std::string text;
  for (int i = 0; i < 11; ++i) text += line + "\r\n";
  const auto played = testing::play_data(text + ".\r\nNOOP\r\n", options);
  EXPECT_TRUE(played.replies.ends_with("552 5.3.4 Message too large\r\n250 2.0.0 OK\r\n"));
  EXPECT_THAT(played.messages, IsEmpty());
  EXPECT_TRUE(play(options, "EHLO c\r\nMAIL FROM:<a@b.test> SIZE=1025\r\n").said("552 5.3.4"));
  EXPECT_EQ(testing::play_data(text.substr(0, 1000) + ".\r\n", options).messages.size(), 1U);
}

TEST(ServerMachine, EndsASessionThatFloodsRefusedText) {
  const ServerOptions options{.max_message_bytes = 1024, .max_dropped_bytes = 4096};
  const auto played = testing::play_data(std::string(5000, 'x'), options);
  EXPECT_TRUE(played.said("421 4.7.0 Too much refused input"));
  EXPECT_TRUE(played.closed);
}

TEST(ServerMachine, RefusesLongTextLines) {
  const std::string longest(998, 'x');
  EXPECT_EQ(testing::play_data(longest + "\r\n.\r\n").messages.size(), 1U);
  EXPECT_TRUE(testing::play_data(longest + "x\r\n.\r\n").said("554 5.6.0 Line too long"));
}

TEST(ServerMachine, RefusesLongCommandLinesAndGoesOn) {
  const ServerOptions options{.max_command_bytes = 512};
  const auto played = play(options, "NOOP " + std::string(5000, 'x') + "\r\nNOOP\r\n", 7);
  EXPECT_TRUE(played.replies.ends_with("500 5.5.2 Line too long\r\n250 2.0.0 OK\r\n"));
  EXPECT_TRUE(play(options, "NOOP " + std::string(505, 'x') + "\r\n").said("250 2.0.0 OK"));
  EXPECT_TRUE(play(options, "NOOP " + std::string(506, 'x') + "\r\n").said("500 5.5.2 Line too long"));
}

TEST(ServerMachine, EndsASessionOfErrors) {
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += "FROB\r\n";
  const auto played = play({.max_errors = 3}, bytes);
  EXPECT_TRUE(played.replies.ends_with("421 4.7.0 Too many errors, closing\r\n"));
  EXPECT_TRUE(played.closed);
}

TEST(ServerMachine, EndsASessionOfIdleCommandsButNotOfMail) {
  std::string noops;
  for (int i = 0; i < 12; ++i) noops += "NOOP\r\n";
  EXPECT_TRUE(play({.max_idle_commands = 10}, noops).said("421 4.7.0 Too many commands"));
  std::string mails = "EHLO c\r\n";
  for (int i = 0; i < 12; ++i) mails += "MAIL FROM:<a@b.test>\r\nRCPT TO:<no@b.test>\r\nRSET\r\n";
  EXPECT_FALSE(play({.max_idle_commands = 10}, mails).closed);
}

TEST(ServerMachine, CountsNoErrorForWhatWasPipelinedBehindARefusal) {
  std::string bytes = "EHLO c\r\n";
  for (int i = 0; i < 30; ++i) {
    bytes += "MAIL FROM:<a@b.test>\r\nRCPT TO:<no@d.test>\r\nDATA\r\nRSET\r\n";
    bytes += "MAIL FROM:<later@b.test>\r\nRCPT TO:<x@d.test>\r\nDATA\r\n";
    bytes += "MAIL FROM:<later@b.test>\r\nRCPT TO:<x@d.test>\r\nBDAT 3 LAST\r\na\r\n";
  }
  const auto played = play({.chunking = true, .max_errors = 3, .max_idle_commands = 10}, bytes);
  EXPECT_FALSE(played.closed) << played.replies.substr(played.replies.size() - 200);
  Player bad({.max_errors = 3});
  bad.feed("EHLO c\r\nDATA\r\nDATA\r\nDATA\r\n");
  EXPECT_TRUE(bad.played.closed);
}

TEST(ServerMachine, LimitsRecipientsRefusalsAndMessages) {
  const std::string two = std::string(kOpen) + "RCPT TO:<c@d.test>\r\n";
  EXPECT_TRUE(play({.max_recipients = 1}, two).replies.ends_with("452 4.5.3 Too many recipients\r\n"));
  const std::string refused =
      "EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<no@b.test>\r\nRCPT TO:<no@b.test>\r\n";
  EXPECT_TRUE(play({.max_refusals = 2}, refused).said("421 4.7.0 Too many refused addresses"));
  const std::string mail = std::string(kOpen) + "DATA\r\nx\r\n.\r\nMAIL FROM:<a@b.test>\r\n";
  EXPECT_TRUE(play({.max_messages = 1}, mail).said("421 4.7.0 Too many messages"));
}

TEST(ServerMachine, WritesPilesOfRepliesBeforeTheInputEnds) {
  std::string helps = "EHLO c\r\n";
  for (int i = 0; i < 90; ++i) helps += "EHLO c\r\n";
  EXPECT_GT(play({.max_reply_bytes = 1024}, helps).writes, 5U);
}

TEST(ServerMachine, DropsTheConnectionWithoutAnAnswerWhenToldTo) {
  Player player({});
  player.to_message = {};
  player.feed(std::string(kOpen) + "DATA\r\nx\r\n.\r\nNOOP\r\n");
  EXPECT_TRUE(player.played.closed);
  EXPECT_TRUE(player.played.replies.ends_with(">\r\n") ||
              player.played.replies.ends_with("<CR><LF>.<CR><LF>\r\n"));
  EXPECT_EQ(player.played.messages.size(), 1U);
}

TEST(ServerMachine, ForgetsWhatWasSentInClearBehindStartTls) {
  const auto played = play({.starttls = true}, "EHLO c\r\nSTARTTLS\r\nMAIL FROM:<evil@x.test>\r\n");
  EXPECT_TRUE(played.replies.ends_with("220 2.0.0 Ready to start TLS\r\n")) << played.replies;
  Player player({.starttls = true});
  player.feed("EHLO c\r\n");
  EXPECT_TRUE(player.played.said("250 STARTTLS\r\n"));
  player.feed("STARTTLS\r\n");
  player.feed("MAIL FROM:<a@b.test>\r\n");
  EXPECT_TRUE(player.played.said("503 5.5.1 Say EHLO first")) << "RFC 3207 4.2: what was known is forgotten";
  player.feed("EHLO c\r\nSTARTTLS\r\n");
  EXPECT_TRUE(player.played.replies.ends_with("250 DSN\r\n503 5.5.1 STARTTLS not available\r\n"));
  EXPECT_TRUE(player.machine.envelope().tls);
}

TEST(ServerMachine, AsksForTlsWhereItIsRequired) {
  const auto played = play({.starttls = true, .require_tls = true}, "EHLO c\r\nMAIL FROM:<a@b.test>\r\n");
  EXPECT_TRUE(played.said("530 5.7.0 Issue STARTTLS first"));
}

TEST(ServerMachine, EndsSessionsOfOtherProtocols) {
  const auto played = play({}, "POST / HTTP/1.1\r\nMAIL FROM:<a@b.test>\r\n");
  EXPECT_TRUE(played.closed);
  EXPECT_FALSE(played.said("503"));
}

TEST(ServerMachine, WantsSmtputf8ForUtf8Addresses) {
  EXPECT_TRUE(play({}, "EHLO c\r\nMAIL FROM:<\xc3\xb6@b.test>\r\n").said("553 5.6.7"));
  EXPECT_TRUE(play({}, "EHLO c\r\nMAIL FROM:<\xc3\xb6@b.test> SMTPUTF8\r\n").said("250 2.1.0"));
  EXPECT_TRUE(play({}, std::string(kOpen) + "RCPT TO:<\xc3\xb6@b.test>\r\n").said("553 5.6.7"));
}

TEST(ServerMachine, SaysWhyItEnds) {
  Player player({.hostname = "mx.test"});
  player.feed("EHLO c\r\nMAIL FROM:<a@b.test>\r\n");
  EXPECT_FALSE(player.machine.idle()) << "a transaction is open";
  player.machine.timed_out();
  EXPECT_EQ(player.machine.output(), "421 4.4.2 mx.test Timed out waiting for you, closing\r\n");
  EXPECT_EQ(player.machine.next(), ServerMachine::Step::close);
}

}  // namespace
}  // namespace sluice::smtp
