#include "engine/smtp/client_opening.hpp"

#include <gtest/gtest.h>

namespace sluice::smtp {
namespace {

using Do = Opening::Do;

const std::string kFull = "mx\nPIPELINING\nSTARTTLS\nAUTH LOGIN PLAIN";

struct Play {
  ClientOptions options;
  std::string out;
  std::optional<Opening> machine;

  Do start(bool allow_starttls = true) {
    machine.emplace(options, allow_starttls);
    return machine->start();
  }
  Do hear(std::uint16_t code, std::string text = "x") {
    out.clear();
    return machine->on_reply({code, {}, std::move(text)}, out);
  }
  Do secured(bool verified) {
    out.clear();
    return machine->on_secured(verified, out);
  }
  /// Greeting and EHLO done; what comes next.
  Do greet(std::string text) {
    EXPECT_EQ(start(), Do::read);
    EXPECT_EQ(hear(220), Do::write);
    return hear(250, std::move(text));
  }
};

TEST(Opening, SaysEhloThenIsReady) {
  Play play;
  play.options.ehlo_name = "mta.test";
  EXPECT_EQ(play.start(), Do::read);
  EXPECT_EQ(play.machine->stage(), Stage::banner);
  EXPECT_EQ(play.hear(220), Do::write);
  EXPECT_EQ(play.out, "EHLO mta.test\r\n");
  EXPECT_EQ(play.hear(250, "mx\nPIPELINING"), Do::ready);
  EXPECT_TRUE(play.machine->server().pipelining);
}

TEST(Opening, FallsBackToHeloWithoutExtensions) {
  Play play;
  (void)play.start();
  (void)play.hear(220);
  EXPECT_EQ(play.hear(502), Do::write);
  EXPECT_EQ(play.out, "HELO localhost\r\n");
  EXPECT_EQ(play.hear(250, "mx\nPIPELINING"), Do::ready);
  EXPECT_EQ(play.machine->server(), Capabilities());
  EXPECT_TRUE(play.machine->used_helo());
}

TEST(Opening, RefusalsKeepTheirStageAndReply) {
  Play play;
  (void)play.start();
  EXPECT_EQ(play.hear(554), Do::failed);
  EXPECT_EQ(play.machine->failure().stage, Stage::banner);
  EXPECT_EQ(play.machine->failure().reply.code, 554);
  (void)play.start();
  (void)play.hear(220);
  EXPECT_EQ(play.hear(421), Do::failed);
  EXPECT_EQ(play.machine->failure().stage, Stage::ehlo);
  (void)play.start();
  (void)play.hear(220);
  (void)play.hear(550);
  EXPECT_EQ(play.hear(550), Do::failed) << "HELO refused as well";
  EXPECT_EQ(play.machine->failure().reply.code, 550);
}

TEST(Opening, AGreetingThatIsNoneIsAProtocolError) {
  Play play;
  (void)play.start();
  EXPECT_EQ(play.hear(354), Do::failed);
  EXPECT_EQ(play.machine->failure().error->code, ErrorCode::invalid_input);
  EXPECT_EQ(play.machine->failure().reply.code, 0);
}

TEST(Opening, ForgetsWhatWasOfferedBeforeTls) {
  Play play;
  EXPECT_EQ(play.greet(kFull), Do::write);
  EXPECT_EQ(play.out, "STARTTLS\r\n");
  EXPECT_EQ(play.hear(220), Do::start_tls);
  EXPECT_EQ(play.secured(false), Do::write);
  EXPECT_EQ(play.out, "EHLO localhost\r\n");
  EXPECT_EQ(play.machine->server(), Capabilities());
  EXPECT_EQ(play.hear(250, "mx\nSIZE 5\nSTARTTLS"), Do::ready) << "no STARTTLS twice";
  EXPECT_FALSE(play.machine->server().pipelining);
}

TEST(Opening, OpportunisticGoesOnInPlainTextAfterARefusal) {
  Play play;
  (void)play.greet(kFull);
  EXPECT_EQ(play.hear(454), Do::ready);
  EXPECT_TRUE(play.machine->server().pipelining);
}

TEST(Opening, OpportunisticAsksForANewConnectionAfterABrokenHandshake) {
  Play play;
  (void)play.greet(kFull);
  (void)play.hear(220);
  EXPECT_EQ(play.machine->on_handshake_failed({ErrorCode::unavailable, "x"}), Do::failed);
  EXPECT_TRUE(play.machine->retry_in_plain_text());
  (void)play.start(false);
  (void)play.hear(220);
  EXPECT_EQ(play.hear(250, kFull), Do::ready);

  (void)play.greet(kFull);
  (void)play.hear(220);
  (void)play.secured(false);
  EXPECT_EQ(play.machine->on_lost({ErrorCode::unavailable, "hung up after TLS"}), Do::failed);
  EXPECT_TRUE(play.machine->retry_in_plain_text());

  (void)play.greet(kFull);
  (void)play.hear(220);
  (void)play.machine->on_handshake_failed({ErrorCode::cancelled, "x"});
  EXPECT_FALSE(play.machine->retry_in_plain_text());
}

TEST(Opening, RequiredTlsNeverGoesOnInPlainText) {
  for (const auto policy : {TlsPolicy::required, TlsPolicy::verified}) {
    Play play;
    play.options.tls = policy;
    EXPECT_EQ(play.greet("mx\nPIPELINING"), Do::failed);
    EXPECT_EQ(play.machine->failure().stage, Stage::starttls);
    EXPECT_EQ(play.out, "");
    (void)play.greet(kFull);
    EXPECT_EQ(play.hear(454), Do::failed);
    EXPECT_EQ(play.machine->failure().reply.code, 454);
    (void)play.greet(kFull);
    (void)play.hear(220);
    (void)play.machine->on_handshake_failed({ErrorCode::unavailable, "x"});
    EXPECT_FALSE(play.machine->retry_in_plain_text());
    (void)play.start();
    (void)play.hear(220);
    (void)play.hear(500);
    EXPECT_EQ(play.hear(250), Do::failed) << "HELO has no STARTTLS";
  }
}

TEST(Opening, InjectionIsAnAttackAndNotRetried) {
  Play play;
  (void)play.greet(kFull);
  (void)play.hear(220);
  EXPECT_EQ(play.machine->on_injection(), Do::failed);
  EXPECT_EQ(play.machine->failure().error->code, ErrorCode::invalid_input);
  EXPECT_FALSE(play.machine->retry_in_plain_text());
}

TEST(Opening, PolicyNoneNeverAsksForTls) {
  Play play;
  play.options.tls = TlsPolicy::none;
  EXPECT_EQ(play.greet(kFull), Do::ready);
}

TEST(Opening, ImplicitTlsComesBeforeTheGreeting) {
  Play play;
  play.options.implicit_tls = true;
  play.options.tls = TlsPolicy::verified;
  EXPECT_EQ(play.start(), Do::start_tls);
  EXPECT_EQ(play.secured(true), Do::read);
  EXPECT_EQ(play.hear(220), Do::write);
  EXPECT_EQ(play.hear(250, kFull), Do::ready);
}

void reach_verified_session(Play& play) {
  play.options.tls = TlsPolicy::verified;
  play.options.auth = Credentials{"user", "pass"};
  (void)play.greet(kFull);
  (void)play.hear(220);
  (void)play.secured(true);
}

TEST(Opening, AuthenticatesUnderVerifiedTls) {
  Play play;
  reach_verified_session(play);
  EXPECT_EQ(play.hear(250, "mx\nAUTH PLAIN LOGIN"), Do::write);
  EXPECT_EQ(play.out, "AUTH PLAIN AHVzZXIAcGFzcw==\r\n");
  EXPECT_EQ(play.hear(235), Do::ready);
}

TEST(Opening, AuthLoginStepsThroughItsPrompts) {
  Play play;
  play.options.implicit_tls = true;
  play.options.tls = TlsPolicy::verified;
  play.options.auth = Credentials{"user", "pass!"};
  (void)play.start();
  (void)play.secured(true);
  (void)play.hear(220);
  EXPECT_EQ(play.hear(250, "mx\nAUTH LOGIN"), Do::write);
  EXPECT_EQ(play.out, "AUTH LOGIN\r\n");
  EXPECT_EQ(play.hear(334), Do::write);
  EXPECT_EQ(play.out, "dXNlcg==\r\n");
  EXPECT_EQ(play.hear(334), Do::write);
  EXPECT_EQ(play.out, "cGFzcyE=\r\n");
  EXPECT_EQ(play.hear(535), Do::failed);
  EXPECT_EQ(play.machine->failure().stage, Stage::auth);
  EXPECT_EQ(play.machine->failure().reply.code, 535);
}

TEST(Opening, CredentialsNeverLeaveWithoutVerifiedTls) {
  for (const auto policy : {TlsPolicy::none, TlsPolicy::opportunistic, TlsPolicy::required}) {
    Play play;
    play.options.tls = policy;
    play.options.auth = Credentials{"user", "pass"};
    auto action = play.greet("mx\nAUTH PLAIN\nSTARTTLS");
    if (policy != TlsPolicy::none) {
      (void)play.hear(220);
      (void)play.secured(false);
      action = play.hear(250, "mx\nAUTH PLAIN");
    }
    EXPECT_EQ(action, Do::failed);
    EXPECT_EQ(play.machine->failure().error->code, ErrorCode::permission);
    EXPECT_EQ(play.out, "");
  }
}

TEST(Opening, RefusesAnEhloNameThatWouldBreakTheCommand) {
  Play play;
  play.options.ehlo_name = "x\r\nMAIL FROM:<>";
  EXPECT_EQ(play.start(), Do::failed);
}

}  // namespace
}  // namespace sluice::smtp
