#include "engine/smtp/client_transaction.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::smtp {
namespace {

using Do = Transaction::Do;
using Views = std::vector<std::string_view>;

message::Reply reply(std::uint16_t code) { return {code, {}, "text " + std::to_string(code)}; }

const Error kLost{ErrorCode::unavailable, "reset"};

/// One transaction played by hand.
struct Play {
  Transaction machine;
  Capabilities server;
  ClientOptions options;
  Transaction::Plan plan;
  std::string out;
  std::vector<RecipientResult> results;

  Do begin(const Views& recipients, Envelope envelope = {}) {
    if (envelope.sender.empty()) envelope.sender = "s@a.test";
    envelope.recipients = recipients;
    return ended(machine.begin(envelope, server, options, plan, out));
  }
  Do hear(std::uint16_t code) {
    out.clear();
    return ended(machine.on_reply(reply(code), out));
  }
  Do hear(std::initializer_list<std::uint16_t> codes) {
    Do last = Do::read;
    for (const auto code : codes) {
      EXPECT_EQ(last, Do::read) << "before " << code;
      last = hear(code);
    }
    return last;
  }
  Do lose() { return ended(machine.on_lost(kLost)); }

 private:
  Do ended(Do what) {
    if (what == Do::done || what == Do::close) results = machine.take_results();
    return what;
  }
};

Play pipelining() {
  Play play;
  play.plan.pipelining = true;
  return play;
}

Play chunking() {
  auto play = pipelining();
  play.plan.end = ContentEnd::chunk;
  play.plan.content_bytes = 42;
  return play;
}

const Views kOne{"r@b.test"};
const Views kTwo{"r@b.test", "q@b.test"};

TEST(Transaction, PassesTheReportRequestOnToWhoOffersDsn) {
  Envelope envelope;
  envelope.report = {"HDRS", "id+2B1", "SUCCESS,FAILURE", "rfc822;r@b.test"};
  auto play = pipelining();
  play.server.dsn = true;
  play.begin(kOne, envelope);
  EXPECT_TRUE(play.out.contains("MAIL FROM:<s@a.test> RET=HDRS ENVID=id+2B1\r\n")) << play.out;
  EXPECT_TRUE(play.out.contains("RCPT TO:<r@b.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;r@b.test\r\n"));
  auto other = pipelining();
  other.begin(kOne, envelope);
  EXPECT_TRUE(other.out.starts_with("MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n")) << other.out;
}

TEST(Transaction, GroupsItsCommandsWherePipeliningIsOffered) {
  auto play = pipelining();
  EXPECT_EQ(play.begin(kTwo), Do::write);
  EXPECT_EQ(play.out, "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nRCPT TO:<q@b.test>\r\nDATA\r\n");
  EXPECT_EQ(play.hear({250, 250, 550, 354}), Do::write_content);
  EXPECT_EQ(play.machine.stage(), Stage::dot);
  play.machine.content_left();
  EXPECT_EQ(play.hear(250), Do::done);
  EXPECT_TRUE(play.results[0].accepted());
  EXPECT_EQ(play.results[1].stage, Stage::rcpt);
  EXPECT_EQ(play.results[1].reply.code, 550);
  EXPECT_FALSE(play.machine.needs_reset());
}

TEST(Transaction, GoesOneByOneWithoutPipelining) {
  Play play;
  EXPECT_EQ(play.begin(kTwo), Do::write);
  EXPECT_EQ(play.out, "MAIL FROM:<s@a.test>\r\n");
  EXPECT_EQ(play.hear(250), Do::write);
  EXPECT_EQ(play.out, "RCPT TO:<r@b.test>\r\n");
  EXPECT_EQ(play.hear(450), Do::write);
  EXPECT_EQ(play.out, "RCPT TO:<q@b.test>\r\n");
  EXPECT_EQ(play.hear(251), Do::write);
  EXPECT_EQ(play.out, "DATA\r\n");
  EXPECT_EQ(play.hear(354), Do::write_content);
  EXPECT_EQ(play.hear(554), Do::done);
  EXPECT_EQ(play.results[0].reply.code, 450);
  EXPECT_EQ(play.results[1].stage, Stage::dot);
  EXPECT_EQ(play.results[1].reply.code, 554);
}

TEST(Transaction, MailParametersFollowWhatIsOffered) {
  Play play;
  play.server.size = play.server.eight_bit_mime = play.server.smtp_utf8 = true;
  (void)play.begin(
      kOne, {.sender = "s@a.test", .recipients = {}, .size_bytes = 77, .eight_bit = true, .smtp_utf8 = true});
  EXPECT_EQ(play.out, "MAIL FROM:<s@a.test> SIZE=77 BODY=8BITMIME SMTPUTF8\r\n");
}

TEST(Transaction, RefusedMailDecidesForAllWhateverFollows) {
  auto play = pipelining();
  (void)play.begin(kTwo);
  EXPECT_EQ(play.hear({451, 503, 503, 503}), Do::done);
  for (const auto& result : play.results) {
    EXPECT_EQ(result.stage, Stage::mail);
    EXPECT_EQ(result.reply.code, 451);
  }
  Play slow;
  (void)slow.begin(kOne);
  EXPECT_EQ(slow.hear(550), Do::done);
  EXPECT_EQ(slow.results[0].stage, Stage::mail);
}

TEST(Transaction, AnswersA354WithoutRecipientsByALoneDot) {
  auto play = pipelining();
  (void)play.begin(kTwo);
  EXPECT_EQ(play.hear({250, 550, 450, 354}), Do::write_dot);
  EXPECT_EQ(play.hear(554), Do::done);
  EXPECT_EQ(play.results[0].reply.code, 550);
  EXPECT_EQ(play.results[1].reply.code, 450);
}

TEST(Transaction, ALoneDotThatIsAcceptedDeliversNothing) {
  auto play = pipelining();
  (void)play.begin(kOne);
  EXPECT_EQ(play.hear({451, 451, 354}), Do::write_dot);
  EXPECT_EQ(play.hear(250), Do::done);
  EXPECT_EQ(play.results[0].stage, Stage::mail);
  EXPECT_EQ(play.results[0].reply.code, 451);
}

TEST(Transaction, LosingALoneDotLeavesNoDoubt) {
  auto play = pipelining();
  (void)play.begin(kOne);
  EXPECT_EQ(play.hear({250, 550, 354}), Do::write_dot);
  EXPECT_EQ(play.lose(), Do::close);
  EXPECT_EQ(play.results[0].reply.code, 550);
  EXPECT_FALSE(play.results[0].in_doubt);
}

TEST(Transaction, AllRecipientsRefusedNeedsAResetNextTime) {
  auto play = pipelining();
  (void)play.begin(kOne);
  EXPECT_EQ(play.hear({250, 550, 503}), Do::done);
  EXPECT_TRUE(play.machine.needs_reset());
  play.plan.reset_first = true;
  play.out.clear();
  EXPECT_EQ(play.begin(kOne), Do::write);
  EXPECT_EQ(play.out, "RSET\r\nMAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n");
  EXPECT_EQ(play.hear({250, 250, 250, 354}), Do::write_content);

  Play slow;
  (void)slow.begin(kOne);
  EXPECT_EQ(slow.hear(250), Do::write);
  EXPECT_EQ(slow.hear(550), Do::done);
  EXPECT_TRUE(slow.machine.needs_reset());
  slow.plan.reset_first = true;
  slow.out.clear();
  EXPECT_EQ(slow.begin(kOne), Do::write);
  EXPECT_EQ(slow.out, "RSET\r\n");
  EXPECT_EQ(slow.hear(250), Do::write);
  EXPECT_EQ(slow.out, "MAIL FROM:<s@a.test>\r\n");
}

TEST(Transaction, RefusedResetClosesAndNamesItsStage) {
  auto play = pipelining();
  play.plan.reset_first = true;
  (void)play.begin(kOne);
  EXPECT_EQ(play.hear(502), Do::close);
  EXPECT_EQ(play.results[0].stage, Stage::rset);
}

TEST(Transaction, RefusedDataCountsForAcceptedRecipientsOnly) {
  auto play = pipelining();
  (void)play.begin(kTwo);
  EXPECT_EQ(play.hear({250, 250, 550, 451}), Do::done);
  EXPECT_EQ(play.results[0].stage, Stage::data);
  EXPECT_EQ(play.results[0].reply.code, 451);
  EXPECT_EQ(play.results[1].stage, Stage::rcpt);
  EXPECT_TRUE(play.machine.needs_reset());
}

TEST(Transaction, ClosingReplyEndsItAnywhere) {
  const std::vector<std::vector<std::uint16_t>> before = {{}, {250}, {250, 250}, {250, 250, 250}};
  const Stage stages[] = {Stage::mail, Stage::rcpt, Stage::rcpt, Stage::data};
  for (std::size_t i = 0; i < before.size(); ++i) {
    auto play = pipelining();
    (void)play.begin(kTwo);
    for (const auto code : before[i]) ASSERT_EQ(play.hear(code), Do::read);
    EXPECT_EQ(play.hear(421), Do::close);
    EXPECT_EQ(play.results[0].stage, stages[i]);
    EXPECT_EQ(play.results[0].reply.code, 421);
    EXPECT_FALSE(play.results[0].in_doubt);
  }
  auto play = pipelining();
  (void)play.begin(kOne);
  (void)play.hear({250, 250, 354});
  play.machine.content_left();
  EXPECT_EQ(play.hear(421), Do::close);
  EXPECT_EQ(play.results[0].stage, Stage::dot);
  EXPECT_FALSE(play.results[0].in_doubt) << "the server said what happened";
}

TEST(Transaction, LossIsADoubtOnlyAfterTheContentLeft) {
  auto play = pipelining();
  (void)play.begin(kTwo);
  (void)play.hear({250, 250, 550, 354});
  EXPECT_EQ(play.lose(), Do::close);
  EXPECT_FALSE(play.results[0].in_doubt);
  EXPECT_EQ(play.results[0].error, kLost);

  play = pipelining();
  (void)play.begin(kTwo);
  (void)play.hear({250, 250, 550, 354});
  play.machine.content_left();
  EXPECT_EQ(play.lose(), Do::close);
  EXPECT_TRUE(play.results[0].in_doubt);
  EXPECT_EQ(play.results[0].stage, Stage::dot);
  EXPECT_FALSE(play.results[1].in_doubt) << "a refused recipient stays refused";
  EXPECT_EQ(play.results[1].reply.code, 550);
}

TEST(Transaction, AReplyThatCannotBeHereNeitherDeliversNorBounces) {
  const std::vector<std::vector<std::uint16_t>> bad = {{354}, {250, 354}, {250, 250, 250}, {250, 250, 200}};
  for (const auto& codes : bad) {
    auto play = pipelining();
    (void)play.begin(kOne);
    Do last = Do::read;
    for (const auto code : codes) last = play.hear(code);
    EXPECT_EQ(last, Do::close);
    EXPECT_EQ(play.results[0].error->code, ErrorCode::invalid_input);
    EXPECT_EQ(play.results[0].reply.code, 0);
    EXPECT_FALSE(play.results[0].accepted());
  }
  auto play = pipelining();
  (void)play.begin(kOne);
  (void)play.hear({250, 250, 354});
  play.machine.content_left();
  EXPECT_EQ(play.hear(354), Do::close);
  EXPECT_TRUE(play.results[0].in_doubt);
}

TEST(Transaction, ChunkGoesWithItsCommands) {
  auto play = chunking();
  EXPECT_EQ(play.begin(kOne), Do::write_content);
  EXPECT_EQ(play.out, "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nBDAT 42 LAST\r\n");
  play.machine.content_left();
  EXPECT_EQ(play.hear({250, 250, 250}), Do::done);
  EXPECT_TRUE(play.results[0].accepted());
  EXPECT_FALSE(play.machine.needs_reset());
}

TEST(Transaction, ChunkOneByOneWaitsForTheRecipients) {
  auto play = chunking();
  play.plan.pipelining = false;
  EXPECT_EQ(play.begin(kOne), Do::write);
  EXPECT_EQ(play.hear(250), Do::write);
  EXPECT_EQ(play.hear(250), Do::write_content);
  EXPECT_EQ(play.out, "BDAT 42 LAST\r\n");
  EXPECT_EQ(play.hear(552), Do::done);
  EXPECT_TRUE(play.machine.needs_reset());
}

TEST(Transaction, RefusedRecipientOfAChunkIsNoDoubtAndALossIs) {
  auto play = chunking();
  (void)play.begin(kTwo);
  play.machine.content_left();
  EXPECT_EQ(play.hear({250, 550}), Do::read);
  EXPECT_EQ(play.lose(), Do::close);
  EXPECT_FALSE(play.results[0].in_doubt);
  EXPECT_TRUE(play.results[1].in_doubt);
  EXPECT_EQ(play.results[1].stage, Stage::dot);
}

TEST(Transaction, AcceptedChunkWithoutRecipientsDeliversNothing) {
  auto play = chunking();
  (void)play.begin(kOne);
  play.machine.content_left();
  EXPECT_EQ(play.hear({250, 550, 250}), Do::done);
  EXPECT_EQ(play.results[0].stage, Stage::rcpt);
  EXPECT_FALSE(play.results[0].accepted());
}

TEST(Transaction, RefusesHereWhatTheServerCannotTake) {
  Play play;
  play.server.max_size = 100;
  EXPECT_EQ(play.begin(kOne, {.sender = "s@a.test", .recipients = {}, .size_bytes = 101}), Do::done);
  EXPECT_EQ(play.results[0].local, LocalFailure::too_large);
  EXPECT_EQ(play.begin(kOne, {.sender = "s@a.test", .recipients = {}, .smtp_utf8 = true}), Do::done);
  EXPECT_EQ(play.results[0].local, LocalFailure::utf8_not_offered);
  EXPECT_EQ(play.begin(kOne, {.sender = "s@a.test", .recipients = {}, .eight_bit = true}), Do::done);
  EXPECT_EQ(play.results[0].local, LocalFailure::eight_bit_not_offered);
  EXPECT_EQ(play.begin(kOne, {.sender = "s@a.test>\r\nDATA", .recipients = {}}), Do::done);
  EXPECT_EQ(play.results[0].local, LocalFailure::illegal_address);
  EXPECT_EQ(play.out, "") << "nothing may leave";
}

TEST(Transaction, LeavesIllegalAndSurplusRecipientsOut) {
  auto play = pipelining();
  play.options.max_recipients = 2;
  const Views recipients{"a@b.test", "x\r\ny@b.test", "", "c@b.test", "d@b.test"};
  EXPECT_EQ(play.begin(recipients), Do::write);
  EXPECT_EQ(play.out, "MAIL FROM:<s@a.test>\r\nRCPT TO:<a@b.test>\r\nRCPT TO:<c@b.test>\r\nDATA\r\n");
  EXPECT_EQ(play.hear({250, 250, 250, 354}), Do::write_content);
  EXPECT_EQ(play.hear(250), Do::done);
  EXPECT_TRUE(play.results[0].accepted());
  EXPECT_EQ(play.results[1].local, LocalFailure::illegal_address);
  EXPECT_EQ(play.results[2].local, LocalFailure::illegal_address);
  EXPECT_TRUE(play.results[3].accepted());
  EXPECT_EQ(play.results[4].local, LocalFailure::too_many_recipients);
}

TEST(Transaction, ResetStaysDueWhenNothingWasSent) {
  Play play;
  play.plan.reset_first = true;
  play.plan.refuse = LocalFailure::illegal_message;
  EXPECT_EQ(play.begin(kOne), Do::done);
  EXPECT_EQ(play.results[0].local, LocalFailure::illegal_message);
  EXPECT_TRUE(play.machine.needs_reset());
}

TEST(Transaction, NullSenderIsWrittenAsSuch) {
  Play play;
  Envelope envelope;
  envelope.recipients = kOne;
  (void)play.machine.begin(envelope, play.server, play.options, play.plan, play.out);
  EXPECT_EQ(play.out, "MAIL FROM:<>\r\n");
}

}  // namespace
}  // namespace sluice::smtp
