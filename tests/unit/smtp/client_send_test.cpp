// ClientConnection::send(), idle() and quit() against a scripted server: pipelining over messages, losses at
// every point, and what is a doubt.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/unit/smtp/client_fake_server.hpp"

namespace sluice::smtp::testing {
namespace {

using Views = std::vector<std::string_view>;

const Views kRecipient{"r@b.test"};
const Views kContent{"Subject: x\r\n", "\r\nhello\r\n"};

Message message(ContentForm form = ContentForm::plain) {
  return {.envelope = {.sender = "s@a.test", .recipients = kRecipient}, .content = kContent, .form = form};
}

class ClientSend : public ClientTest {
 protected:
  ClientSend() { options.tls = TlsPolicy::none; }

  /// Opens, sends one message; the result stays in `result`.
  void send_one(Script script) {
    run({std::move(script)}, [this](ClientConnection& client, const Target& to) -> Task<> {
      auto opened = co_await client.open(to);
      EXPECT_TRUE(opened);
      if (!opened) co_return;
      const auto mail = message();
      result = co_await client.send(mail);
      co_await client.quit();
    });
  }
  const RecipientResult& first() const { return result.recipients.at(0); }

  TransactionResult result;
};

TEST_F(ClientSend, DeliversAndReportsItsTimes) {
  std::string body;
  send_one([&](Peer& peer) -> Task<> {
    co_await peer.greet();
    co_await peer.until("DATA");
    co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
    body = co_await peer.bytes(24);
    co_await peer.say("250 2.0.0 queued as 1\r\n");
    co_await peer.until("QUIT");
  });
  EXPECT_TRUE(first().accepted());
  EXPECT_EQ(first().reply.text, "queued as 1");
  EXPECT_EQ(body, "Subject: x\r\n\r\nhello\r\n.\r\n");
  EXPECT_EQ(result.bytes_sent, 24u);
  EXPECT_TRUE(result.reusable);
  EXPECT_LE(result.mail_written, result.content_written);
  EXPECT_LE(result.content_written, result.finished);
  EXPECT_NE(result.mail_written, TransactionResult::Time());
  EXPECT_EQ(conversation(), "EHLO client.test|MAIL FROM:<s@a.test>|RCPT TO:<r@b.test>|DATA|QUIT|");
}

TEST_F(ClientSend, PutsTheNextMessagesCommandsBehindTheDot) {
  std::vector<std::string> after_354;
  const Views second_recipient{"second@b.test"};
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet();
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.until("DATA");  // the next one's, sent before any reply to this message
        after_354 = peer.heard;
        co_await peer.say("250 first\r\n250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.until(".");
        co_await peer.say("550 second\r\n");
        co_await peer.until("QUIT");
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        auto opened = co_await client.open(to);
        EXPECT_TRUE(opened);
        const auto one = message();
        auto two = message();
        two.envelope.recipients = second_recipient;
        auto first_result = co_await client.send(one, &two.envelope);
        EXPECT_TRUE(first_result.recipients[0].accepted());
        EXPECT_TRUE(first_result.next_begun && first_result.reusable);
        auto second_result = co_await client.send(two);
        EXPECT_EQ(second_result.recipients[0].reply.code, 550);
        EXPECT_EQ(second_result.recipients[0].stage, Stage::dot);
        EXPECT_FALSE(second_result.next_begun);
        EXPECT_TRUE(second_result.reusable);
        EXPECT_LE(second_result.mail_written, first_result.finished);
        EXPECT_EQ(client.messages(), 2u);
        co_await client.quit();
      });
  EXPECT_EQ(after_354.back(), "DATA");
  EXPECT_EQ(conversation(),
            "EHLO client.test|MAIL FROM:<s@a.test>|RCPT TO:<r@b.test>|DATA|Subject: x||hello|.|"
            "MAIL FROM:<s@a.test>|RCPT TO:<second@b.test>|DATA|Subject: x||hello|.|QUIT|");
}

TEST_F(ClientSend, ANextMessageWithoutConsentIsNotBegun) {
  struct Withdrawn final : Consent {
    [[nodiscard]] bool given() const override { return false; }
  } withdrawn;
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet();
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.until(".");
        EXPECT_EQ(peer.held, "");
        co_await peer.say("250 first\r\n");
        co_await peer.until("QUIT");
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        (void)co_await client.open(to);
        auto mail = message();
        auto next = mail.envelope;
        next.consent = &withdrawn;
        result = co_await client.send(mail, &next);
        EXPECT_TRUE(result.recipients[0].accepted());
        EXPECT_FALSE(result.next_begun);
        EXPECT_TRUE(client.usable());
        co_await client.quit();
      });
  EXPECT_EQ(conversation(),
            "EHLO client.test|MAIL FROM:<s@a.test>|RCPT TO:<r@b.test>|DATA|Subject: x||hello|.|QUIT|");
}

TEST_F(ClientSend, ARefusedNextMessageIsEndedByALoneDotOrItsRefusal) {
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet();
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.until("DATA");
        co_await peer.say("250 first\r\n250 ok\r\n550 5.1.1 nobody\r\n354 go\r\n");
        co_await peer.until(".");
        co_await peer.say("554 no recipients\r\n");
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n550 nobody\r\n503 none\r\n");
        co_await peer.until("DATA");
        co_await peer.say("250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.until(".");
        co_await peer.say("250 fourth\r\n");
        co_await peer.until("QUIT");
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        auto opened = co_await client.open(to);
        EXPECT_TRUE(opened);
        const auto mail = message();
        std::vector<std::uint16_t> codes;
        for (int i = 0; i < 4; ++i) {
          auto sent = co_await client.send(mail, i == 0 ? &mail.envelope : nullptr);
          EXPECT_TRUE(sent.reusable);
          codes.push_back(sent.recipients[0].reply.code);
        }
        EXPECT_EQ(codes, (std::vector<std::uint16_t>{250, 550, 550, 250}));
        co_await client.quit();
      });
  EXPECT_NE(conversation().find("|DATA|.|MAIL"), std::string::npos) << conversation();
  EXPECT_NE(conversation().find("|DATA|RSET|MAIL"), std::string::npos) << conversation();
}

TEST_F(ClientSend, WithoutPipeliningNothingIsSentAhead) {
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet("250 mx\r\n");
        for (const char* reply : {"250 ok\r\n", "250 ok\r\n", "354 go\r\n"}) {
          co_await peer.line();
          EXPECT_EQ(peer.held, "");
          co_await peer.say(reply);
        }
        co_await peer.until(".");
        EXPECT_EQ(peer.held, "");
        co_await peer.say("250 ok\r\n");
        co_await peer.until("QUIT");
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        (void)co_await client.open(to);
        const auto mail = message();
        result = co_await client.send(mail, &mail.envelope);
        EXPECT_FALSE(result.next_begun);
        co_await client.quit();
      });
  EXPECT_TRUE(first().accepted());
}

TEST_F(ClientSend, ClosingBeforeTheContentIsNoDoubt) {
  const char* replies[] = {"", "250 ok\r\n", "250 ok\r\n250 ok\r\n"};
  const Stage stages[] = {Stage::mail, Stage::rcpt, Stage::data};
  for (int i = 0; i < 3; ++i) {
    send_one([&](Peer& peer) -> Task<> {
      co_await peer.greet();
      co_await peer.until("DATA");
      co_await peer.say(replies[i]);
    });
    EXPECT_EQ(first().stage, stages[i]);
    EXPECT_EQ(first().error->code, ErrorCode::unavailable);
    EXPECT_EQ(result.replies, static_cast<std::size_t>(i));
    EXPECT_FALSE(first().in_doubt);
    EXPECT_FALSE(result.reusable);
  }
}

TEST_F(ClientSend, ClosingAfterTheContentIsADoubt) {
  send_one([&](Peer& peer) -> Task<> {
    co_await peer.greet();
    co_await peer.until("DATA");
    co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
    co_await peer.until(".");
  });
  EXPECT_EQ(first().stage, Stage::dot);
  EXPECT_EQ(first().error->code, ErrorCode::unavailable);
  EXPECT_TRUE(first().in_doubt);
}

TEST_F(ClientSend, SilenceAfterTheContentIsADoubt) {
  options.timeouts[Stage::dot] = 30ms;
  send_one([&](Peer& peer) -> Task<> {
    co_await peer.greet();
    co_await peer.until("DATA");
    co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
    co_await peer.until("(closed)");
  });
  EXPECT_EQ(first().error->code, ErrorCode::timeout);
  EXPECT_TRUE(first().in_doubt);
}

TEST_F(ClientSend, GarbageAfterTheContentIsADoubtAndNoDelivery) {
  send_one([&](Peer& peer) -> Task<> {
    co_await peer.greet();
    co_await peer.until("DATA");
    co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
    co_await peer.until(".");
    co_await peer.say("25O ok\r\n");
    co_await peer.until("(closed)");
  });
  EXPECT_EQ(first().error->code, ErrorCode::invalid_input);
  EXPECT_TRUE(first().in_doubt);
  EXPECT_FALSE(first().accepted());
}

TEST_F(ClientSend, ContentThatDidNotAllLeaveIsNoDoubt) {
  options.timeouts.block = 50ms;
  const std::string much(64 << 20, 'x');
  net::asio::steady_timer client_done(loop.context, net::asio::steady_timer::time_point::max());
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet("250-mx\r\n250 PIPELINING\r\n");
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
        co_await client_done.async_wait(net::kTuple);  // reads nothing more meanwhile
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        (void)co_await client.open(to);
        const Views content{much, "\r\n"};
        auto mail = message();
        mail.content = content;
        result = co_await client.send(mail);
        client_done.cancel();
      });
  EXPECT_EQ(first().error->code, ErrorCode::timeout);
  EXPECT_FALSE(first().in_doubt);
}

TEST_F(ClientSend, EarlyRefusalOfContentIsHeard) {
  const std::string much(64 << 20, 'x');
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet("250-mx\r\n250 PIPELINING\r\n");
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.bytes(100);
        co_await peer.say("552 5.3.4 too big\r\n");
        peer.stream.shutdown();
        auto all = co_await peer.bytes(much.size() * 2);
        EXPECT_GE(all.size() + 100, much.size());
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        (void)co_await client.open(to);
        const Views content{much, "\r\n"};
        auto mail = message();
        mail.content = content;
        result = co_await client.send(mail);
        co_await client.quit();
      });
  EXPECT_EQ(first().stage, Stage::dot);
  EXPECT_EQ(first().reply.code, 552);
}

TEST_F(ClientSend, LastWordsBeforeAResetAreHeard) {
  const std::string much(64 << 20, 'x');
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet("250-mx\r\n250 PIPELINING\r\n");
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.bytes(100);
        co_await peer.say("421 4.3.0 going down\r\n");
        peer.stream.close();  // unread content makes this a reset
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        (void)co_await client.open(to);
        const Views content{much, "\r\n"};
        auto mail = message();
        mail.content = content;
        result = co_await client.send(mail);
      });
  EXPECT_EQ(first().reply.code, 421);
  EXPECT_FALSE(first().in_doubt);
  EXPECT_FALSE(result.reusable);
}

TEST_F(ClientSend, ClosingReplyInEachStateEndsTheConnection) {
  const std::string replies[] = {"421 bye\r\n", "250 ok\r\n421 bye\r\n", "250 ok\r\n250 ok\r\n421 bye\r\n"};
  const Stage stages[] = {Stage::mail, Stage::rcpt, Stage::data};
  for (int i = 0; i < 3; ++i) {
    send_one([&](Peer& peer) -> Task<> {
      co_await peer.greet();
      co_await peer.until("DATA");
      co_await peer.say(replies[i]);
      co_await peer.until("(closed)");
    });
    EXPECT_EQ(first().stage, stages[i]);
    EXPECT_EQ(first().reply.code, 421);
    EXPECT_FALSE(result.reusable);
  }
  send_one([&](Peer& peer) -> Task<> {
    co_await peer.greet();
    co_await peer.until("DATA");
    co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
    co_await peer.until(".");
    co_await peer.say("421 4.3.0 shutting down\r\n");
  });
  EXPECT_EQ(first().stage, Stage::dot);
  EXPECT_EQ(first().reply.code, 421);
  EXPECT_FALSE(first().in_doubt);
}

TEST_F(ClientSend, AServerThatSpeaksUnaskedIsLeft) {
  send_one([&](Peer& peer) -> Task<> {
    co_await peer.greet("250-mx\r\n250 PIPELINING\r\n250 again\r\n");
    co_await peer.until("(closed)");
  });
  EXPECT_EQ(first().error->code, ErrorCode::invalid_input);
  EXPECT_FALSE(first().in_doubt);
}

TEST_F(ClientSend, IllegalContentIsRefusedHereAndTheConnectionStays) {
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet();
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.until(".");
        co_await peer.say("250 ok\r\n");
        co_await peer.until("QUIT");
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        (void)co_await client.open(to);
        const Views smuggling{"x\r\n.\n", "MAIL FROM:<evil@x>\r\n"};
        auto bad = message(ContentForm::raw);
        bad.content = smuggling;
        auto refused = co_await client.send(bad);
        EXPECT_EQ(refused.recipients[0].local, LocalFailure::illegal_message);
        EXPECT_TRUE(refused.reusable);
        EXPECT_EQ(client.messages(), 0u);
        const auto good = message(ContentForm::raw);
        result = co_await client.send(good);
        co_await client.quit();
      });
  EXPECT_TRUE(first().accepted());
}

TEST_F(ClientSend, IllegalContentBehindItsDataClosesWithoutADot) {
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet();
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
        co_await peer.until("DATA");
        co_await peer.say("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
        const auto more = co_await peer.line();
        EXPECT_EQ(more, "(closed)");
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        (void)co_await client.open(to);
        const auto good = message();
        (void)co_await client.send(good, &good.envelope);
        const Views illegal{"bare\nfeed\r\n"};
        auto bad = message(ContentForm::raw);
        bad.content = illegal;
        result = co_await client.send(bad);
        EXPECT_FALSE(client.usable());
      });
  EXPECT_EQ(first().local, LocalFailure::illegal_message);
  EXPECT_FALSE(result.reusable);
}

TEST_F(ClientSend, ChunkingSendsOneWriteAndNoDot) {
  options.chunking = true;
  std::string body;
  send_one([&](Peer& peer) -> Task<> {
    co_await peer.greet("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    co_await peer.until("BDAT 21 LAST");
    body = co_await peer.bytes(21);
    co_await peer.say("250 ok\r\n250 ok\r\n250 taken\r\n");
    co_await peer.until("QUIT");
  });
  EXPECT_TRUE(first().accepted());
  EXPECT_EQ(body, "Subject: x\r\n\r\nhello\r\n");
  EXPECT_NE(result.mail_written, TransactionResult::Time());
}

TEST_F(ClientSend, KeepsToItsNumberOfMessages) {
  options.max_messages = 1;
  send_one([&](Peer& peer) -> Task<> {
    co_await peer.greet();
    co_await peer.until("DATA");
    co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
    co_await peer.until(".");
    co_await peer.say("250 ok\r\n");
    co_await peer.until("QUIT");
  });
  EXPECT_TRUE(first().accepted());
  EXPECT_FALSE(result.reusable);
  EXPECT_NE(conversation().find("QUIT"), std::string::npos) << "a used-up connection still says goodbye";
}

class ClientIdle : public ClientSend {
 protected:
  /// Opens, idles; how that ended.
  void idle(Script script, std::chrono::milliseconds wait,
            std::function<void(ClientConnection&)> meanwhile = {}) {
    run({std::move(script)}, [&](ClientConnection& client, const Target& to) -> Task<> {
      (void)co_await client.open(to);
      if (meanwhile) net::asio::post(loop.context, [&] { meanwhile(client); });
      end = co_await client.idle(net::Deadline::after(wait));
      usable_after = client.usable();
      co_await client.quit();
    });
  }
  IdleEnd end;
  bool usable_after = false;
};

TEST_F(ClientIdle, NoticesAServerThatSaysGoodbye) {
  idle(
      [](Peer& peer) -> Task<> {
        co_await peer.greet();
        co_await peer.say("421 4.4.2 idle too long\r\n");
      },
      10s);
  EXPECT_EQ(end.how, IdleEnd::How::closed);
  EXPECT_EQ(end.reply.code, 421);
  EXPECT_FALSE(usable_after);
}

TEST_F(ClientIdle, NoticesAServerThatJustCloses) {
  idle([](Peer& peer) -> Task<> { co_await peer.greet(); }, 10s);
  EXPECT_EQ(end.how, IdleEnd::How::closed);
  EXPECT_EQ(end.reply.code, 0);
  EXPECT_TRUE(end.error);
  EXPECT_FALSE(usable_after);
}

TEST_F(ClientIdle, StaysUsableWhenTheTimeIsOverOrItIsWoken) {
  const Script polite = [](Peer& peer) -> Task<> {
    co_await peer.greet();
    co_await peer.until("QUIT");
  };
  idle(polite, 20ms);
  EXPECT_EQ(end.how, IdleEnd::How::waited);
  EXPECT_TRUE(usable_after);
  EXPECT_NE(conversation().find("QUIT"), std::string::npos);
  idle(polite, 10s, [](ClientConnection& client) { client.wake(); });
  EXPECT_EQ(end.how, IdleEnd::How::woken);
  EXPECT_TRUE(usable_after);
}

using ClientSendDeathTest = ClientSend;

TEST_F(ClientSendDeathTest, AnotherEnvelopeThanTheBegunOneIsOurBug) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const Views stranger{"stranger@b.test"};
  const auto wrong = [&] {
    run({[&](Peer& peer) -> Task<> {
          co_await peer.greet();
          co_await peer.until("DATA");
          co_await peer.say("250 ok\r\n250 ok\r\n354 go\r\n");
          co_await peer.until("DATA");
          co_await peer.say("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
          co_await peer.until("(closed)");
        }},
        [&](ClientConnection& client, const Target& to) -> Task<> {
          (void)co_await client.open(to);
          auto mail = message();
          (void)co_await client.send(mail, &mail.envelope);
          mail.envelope.recipients = stranger;
          (void)co_await client.send(mail);
        });
  };
  EXPECT_DEATH(wrong(), "fingerprint");
}

}  // namespace
}  // namespace sluice::smtp::testing
