// ClientConnection::open() against a scripted server: every way a session can fail to come about, and TLS.
#include <gtest/gtest.h>

#include "tests/unit/net/certificate.hpp"
#include "tests/unit/smtp/client_fake_server.hpp"

namespace sluice::smtp::testing {
namespace {

using net::testing::Certificate;

class ClientOpen : public ClientTest {
 protected:
  /// Opens against the scripts; the result stays in `opened`.
  void open(std::vector<Script> scripts) {
    run(std::move(scripts), [this](ClientConnection& client, const Target& to) -> Task<> {
      opened = co_await client.open(to);
      EXPECT_EQ(client.usable(), opened.has_value());
      co_await client.quit();
    });
  }
  void expect_error(Stage stage, ErrorCode code) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().stage, stage) << name_of(opened.error().stage);
    EXPECT_EQ(opened.error().reply.code, 0);
    ASSERT_TRUE(opened.error().error);
    EXPECT_EQ(opened.error().error->code, code) << opened.error().error->text;
  }
  void expect_reply(Stage stage, std::uint16_t code) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().stage, stage) << name_of(opened.error().stage);
    EXPECT_EQ(opened.error().reply.code, code);
  }

  std::expected<Opened, FailedOpen> opened;
};

TEST_F(ClientOpen, ReportsGreetingAndOffers) {
  open({[](Peer& peer) -> Task<> {
    co_await peer.greet();
    co_await peer.until("QUIT");
    co_await peer.say("221 bye\r\n");
  }});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->greeting.text, "mx ready");
  EXPECT_EQ(opened->peer, server->endpoint);
  EXPECT_TRUE(opened->server.pipelining);
  EXPECT_EQ(opened->tls.version, "");
  EXPECT_EQ(conversation(), "EHLO client.test|QUIT|");
}

TEST_F(ClientOpen, TriesTheNextAddressWhenOneRefuses) {
  auto closed = net::Listener::bind(loop.context, {net::asio::ip::address_v4::loopback(), 0});
  const auto refused = closed->endpoint();
  closed->close();
  run({[](Peer& peer) -> Task<> {
        co_await peer.greet();
        co_await peer.until("QUIT");
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        Target both = to;
        both.hosts = {{refused, "dead.test"},
                      {net::Endpoint(net::asio::ip::address_v6::loopback(), 1), "six.test"},
                      to.hosts[0]};
        both.local = net::asio::ip::address_v4::loopback();
        opened = co_await client.open(both);
        co_await client.quit();
      });
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->peer, server->endpoint);
  EXPECT_EQ(opened->host, "mx.example.test") << "not the name of the one that refused";
  EXPECT_EQ(opened->dead, std::vector<net::Endpoint>{refused}) << "the other family was not tried";
}

TEST_F(ClientOpen, NamesTheHostsThatWereNotReached) {
  auto closed = net::Listener::bind(loop.context, {net::asio::ip::address_v4::loopback(), 0});
  const auto refused = closed->endpoint();
  closed->close();
  run({[](Peer&) -> Task<> { co_return; }, [](Peer& peer) -> Task<> { co_await peer.say("554 no\r\n"); }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        Target three = to;
        three.hosts = {{refused, "dead.test"}, {to.hosts[0].endpoint, "mute.test"}, to.hosts[0]};
        opened = co_await client.open(three);
      });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().dead, (std::vector<net::Endpoint>{refused, server->endpoint}))
      << "one that greets with a refusal is not dead";
}

TEST_F(ClientOpen, QuitWaitsUntilTheServerHasClosed) {
  bool closing = false;
  bool waited = false;
  run({[&](Peer& peer) -> Task<> {
        co_await peer.greet();
        co_await peer.until("QUIT");
        co_await peer.say("221 bye\r\n");
        for (int turns = 0; turns < 50; ++turns)
          co_await net::asio::post(loop.context, net::asio::use_awaitable);
        closing = true;
      }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        opened = co_await client.open(to);
        co_await client.quit();
        waited = closing;
      });
  EXPECT_TRUE(waited);
}

TEST_F(ClientOpen, TriesTheNextHostWhenOneGreetsWithARefusal) {
  run({[](Peer& peer) -> Task<> { co_await peer.say("554 5.3.2 no service here\r\n"); },
       [](Peer& peer) -> Task<> { co_await peer.say("421 4.3.2 come back later\r\n"); },
       [](Peer& peer) -> Task<> {
         co_await peer.greet();
         co_await peer.until("QUIT");
       }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        Target three = to;
        const auto endpoint = to.hosts[0].endpoint;
        three.hosts = {{endpoint, "one.test"}, {endpoint, "two.test"}, {endpoint, "three.test"}};
        opened = co_await client.open(three);
        co_await client.quit();
      });
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->host, "three.test");
}

TEST_F(ClientOpen, TheLastRefusalIsTheAnswerWhenAllGreetWithOne) {
  run({[](Peer& peer) -> Task<> { co_await peer.say("554 5.3.2 no service here\r\n"); },
       [](Peer& peer) -> Task<> { co_await peer.say("421 4.3.2 come back later\r\n"); }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        Target two = to;
        two.hosts = {{to.hosts[0].endpoint, "one.test"}, {to.hosts[0].endpoint, "two.test"}};
        opened = co_await client.open(two);
      });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().stage, Stage::banner);
  EXPECT_EQ(opened.error().reply.code, 421);
  EXPECT_EQ(opened.error().host, "two.test");
}

TEST_F(ClientOpen, ARefusalIsNotHiddenByHostsThatCannotBeReached) {
  run({[](Peer& peer) -> Task<> { co_await peer.say("421 4.7.0 too fast\r\n"); }},
      [&](ClientConnection& client, const Target& to) -> Task<> {
        Target two = to;
        two.hosts = {to.hosts[0], {net::Endpoint(net::asio::ip::address_v6::loopback(), 1), "six.test"}};
        two.local = net::asio::ip::address_v4::loopback();
        opened = co_await client.open(two);
      });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().stage, Stage::banner);
  EXPECT_EQ(opened.error().reply.code, 421);
}

TEST_F(ClientOpen, FailsAtConnectWhenNoAddressAnswers) {
  run({}, [&](ClientConnection& client, const Target& to) -> Task<> {
    opened = co_await client.open(to);
    const Target none;
    auto nowhere = co_await client.open(none);
    EXPECT_EQ(nowhere.error().stage, Stage::connect);
    EXPECT_EQ(nowhere.error().error->code, ErrorCode::invalid_input);
  });
  expect_error(Stage::connect, ErrorCode::unavailable);
  EXPECT_EQ(opened.error().peer, server->endpoint);
}

TEST_F(ClientOpen, AServerThatClosesNamesTheStage) {
  open({[](Peer&) -> Task<> { co_return; }});
  expect_error(Stage::banner, ErrorCode::unavailable);
  open({[](Peer& peer) -> Task<> {
    co_await peer.say("220 x\r\n");
    co_await peer.line();
  }});
  expect_error(Stage::ehlo, ErrorCode::unavailable);
  open({[](Peer& peer) -> Task<> { co_await peer.say("220-half a greet"); }});
  expect_error(Stage::banner, ErrorCode::unavailable);
}

TEST_F(ClientOpen, RefusalsArriveAsReplies) {
  open({[](Peer& peer) -> Task<> { co_await peer.say("554 5.7.1 Blocked\r\n"); }});
  expect_reply(Stage::banner, 554);
  EXPECT_EQ(opened.error().reply.enhanced.text(), "5.7.1");
  open({[](Peer& peer) -> Task<> {
    co_await peer.say("220 x\r\n");
    co_await peer.line();
    co_await peer.say("421 4.3.2 Later\r\n");
  }});
  expect_reply(Stage::ehlo, 421);
}

TEST_F(ClientOpen, GarbageIsAProtocolError) {
  for (const char* garbage :
       {"HTTP/1.1 400 Bad Request\r\n", "220-a\r\n250 b\r\n", "\r\n", "SSH-2.0-OpenSSH\r\n"}) {
    open({[garbage](Peer& peer) -> Task<> { co_await peer.say(garbage); }});
    expect_error(Stage::banner, ErrorCode::invalid_input);
  }
}

TEST_F(ClientOpen, AnEndlessReplyIsCutOff) {
  open({[](Peer& peer) -> Task<> {
    const std::string line = "220-" + std::string(1000, 'x') + "\r\n";
    for (int i = 0; i < 1000 && peer.stream.is_open(); ++i) {
      auto written = co_await peer.stream.write(line);
      if (!written) break;
    }
  }});
  expect_error(Stage::banner, ErrorCode::invalid_input);
  open({[](Peer& peer) -> Task<> {
    const std::string part(10000, '2');
    for (int i = 0; i < 1000; ++i) {
      auto written = co_await peer.stream.write(part);
      if (!written) break;
    }
  }});
  expect_error(Stage::banner, ErrorCode::invalid_input);
}

TEST_F(ClientOpen, DrippingBytesGainsNoTime) {
  options.timeouts[Stage::banner] = 60ms;
  open({[](Peer& peer) -> Task<> {
    for (int i = 0; i < 400; ++i) {
      const auto written = co_await peer.stream.write("2");
      if (!written) co_return;
      auto gone = co_await peer.stream.wait_readable(net::Deadline::after(5ms));
      if (gone) co_return;
    }
  }});
  expect_error(Stage::banner, ErrorCode::timeout);
}

TEST_F(ClientOpen, SilenceMeetsTheStagesTimeout) {
  options.timeouts[Stage::ehlo] = 30ms;
  open({[](Peer& peer) -> Task<> {
    co_await peer.say("220 x\r\n");
    co_await peer.until("(closed)");
  }});
  expect_error(Stage::ehlo, ErrorCode::timeout);
}

const std::string kWithTls = "250-mx\r\n250 STARTTLS\r\n";

class ClientTls : public ClientOpen {
 protected:
  ClientTls() {
    auto made = net::TlsServerContext::make(certificate.certificate_file, certificate.key_file);
    EXPECT_TRUE(made);
    server_tls = std::move(*made);
    auto client = net::TlsClientContext::make({.ca_file = certificate.certificate_file});
    EXPECT_TRUE(client);
    tls = std::move(*client);
  }

  /// Greeting to the second EHLO's reply.
  Task<> serve_tls(Peer& peer, std::string after) {
    co_await peer.greet(kWithTls);
    co_await peer.line();
    co_await peer.say("220 go\r\n");
    auto secured = co_await peer.stream.start_tls(*server_tls, net::Deadline::after(5s));
    if (!secured) co_return;
    co_await peer.line();
    co_await peer.say(after);
    co_await peer.until("QUIT");
    peer.stream.shutdown();
  }
  Script tls_script(std::string after = "250-mx\r\n250 PIPELINING\r\n") {
    return [this, after](Peer& peer) -> Task<> { co_await serve_tls(peer, after); };
  }

  Certificate certificate{"mx.example.test"};
  std::unique_ptr<net::TlsServerContext> server_tls;
};

TEST_F(ClientTls, AsksForTlsWhereItIsOffered) {
  open({tls_script()});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->tls.version, "TLSv1.3");
  EXPECT_FALSE(opened->tls.verified);
  EXPECT_TRUE(opened->server.pipelining);
  EXPECT_FALSE(opened->server.starttls);
  EXPECT_EQ(conversation(), "EHLO client.test|STARTTLS|EHLO client.test|QUIT|");
}

TEST_F(ClientTls, VerifiesTheHostName) {
  options.tls = TlsPolicy::verified;
  open({tls_script()});
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->tls.verified);
  run({tls_script()}, [this](ClientConnection& client, const Target& to) -> Task<> {
    Target other = to;
    other.hosts[0].name = "other.test";
    opened = co_await client.open(other);
  });
  expect_error(Stage::starttls, ErrorCode::unavailable);
}

TEST_F(ClientTls, ResumesSessionsOverConnections) {
  target.session_key = "site|a";
  open({tls_script()});
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->tls.resumed);
  for (int i = 0; i < 3; ++i) {
    open({tls_script()});
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->tls.resumed) << i;
  }
}

TEST_F(ClientTls, BytesBehindThe220AreAnInjection) {
  open({[](Peer& peer) -> Task<> {
    co_await peer.greet(kWithTls);
    co_await peer.line();
    co_await peer.say("220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n");
    co_await peer.until("(closed)");
  }});
  expect_error(Stage::starttls, ErrorCode::invalid_input);
  EXPECT_EQ(conversation(), "EHLO client.test|STARTTLS|") << "nothing more may be said";
}

TEST_F(ClientTls, ABrokenHandshakeGoesAgainInPlainText) {
  open({[](Peer& peer) -> Task<> {
          co_await peer.greet(kWithTls);
          co_await peer.line();
          co_await peer.say("220 go\r\n");
          std::array<char, 100> hello;
          (void)co_await peer.stream.read_some(hello);
          co_await peer.say("this is no TLS record at all\r\n");
        },
        [](Peer& peer) -> Task<> {
          co_await peer.greet(kWithTls);
          co_await peer.until("QUIT");
        }});
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->fell_back_to_plain_text);
  EXPECT_EQ(opened->tls.version, "");
  EXPECT_EQ(conversation(1), "EHLO client.test|QUIT|");
}

TEST_F(ClientTls, RequiredTlsIsNeverLeft) {
  options.tls = TlsPolicy::required;
  open({[](Peer& peer) -> Task<> {
    co_await peer.greet("250 mx\r\n");
    co_await peer.until("(closed)");
  }});
  expect_error(Stage::starttls, ErrorCode::unavailable);
  EXPECT_EQ(conversation(), "EHLO client.test|");
  open({[](Peer& peer) -> Task<> {
    co_await peer.greet(kWithTls);
    co_await peer.line();
    co_await peer.say("454 4.7.0 TLS not available\r\n");
  }});
  expect_reply(Stage::starttls, 454);
  open({[](Peer& peer) -> Task<> {
    co_await peer.greet(kWithTls);
    co_await peer.line();
    co_await peer.say("220 go\r\n");
  }});
  expect_error(Stage::starttls, ErrorCode::unavailable);
}

TEST_F(ClientTls, ImplicitTlsAuthenticatesUnderAVerifiedName) {
  options.tls = TlsPolicy::verified;
  options.implicit_tls = true;
  options.auth = Credentials{"user", "pass"};
  open({[this](Peer& peer) -> Task<> {
    auto secured = co_await peer.stream.start_tls(*server_tls, net::Deadline::after(5s));
    EXPECT_TRUE(secured);
    co_await peer.greet("250-mx\r\n250 AUTH PLAIN\r\n");
    co_await peer.line();
    co_await peer.say("235 2.7.0 ok\r\n");
    co_await peer.until("QUIT");
  }});
  ASSERT_TRUE(opened);
  EXPECT_EQ(conversation(), "EHLO client.test|AUTH PLAIN AHVzZXIAcGFzcw==|QUIT|");
}

}  // namespace
}  // namespace sluice::smtp::testing
