#include <gtest/gtest.h>

#include <set>

#include "tests/unit/delivery/door_engine.hpp"
#include "tests/unit/net/certificate.hpp"
#include "tests/unit/smtp/server_client.hpp"

namespace sluice::delivery {
namespace {

using smtp::testing::Client;
using testing::Engine;
using testing::eventually;
using testing::Folder;
using testing::trusting_door;

const std::string kHeader =
    "From: Shop <orders@shop.test>\r\nTo: ann@example.test\r\nSubject: Order 7\r\n"
    "Date: Wed, 25 Nov 2026 20:00:00 +0000\r\nMessage-ID: <7@shop.test>\r\n\r\n";

std::string large_body() {
  std::string out;
  for (int i = 0; i < 200; ++i)
    out += "Line " + std::to_string(i) + " of a body that does not fit into a record\r\n";
  return out;
}

/// Connected, greeted, EHLO said.
struct Session : Client {
  explicit Session(const Engine& engine, std::size_t door = 0) : Client(engine.at(door)) {
    greeting = reply();
    hello = say("EHLO client.test");
  }
  std::string greeting;
  std::string hello;
};

/// The id of a "250 2.0.0 queued as ID".
std::optional<MessageId> id_of(const std::string& reply) {
  constexpr std::string_view kBefore = "250 2.0.0 queued as ";
  if (!reply.starts_with(kBefore) || !reply.ends_with("\r\n")) return std::nullopt;
  return MessageId::parse(std::string_view(reply).substr(kBefore.size(), reply.size() - kBefore.size() - 2));
}

TEST(Door, WhatIsAcceptedIsPreparedWithTheSameBytes) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()});
  Session session(engine);
  for (const auto& body : {std::string("Thank you\r\n..leading dot\r\n"), large_body()}) {
    const auto row = body.size() > 4096 ? Row{1} : Row{0};
    auto stuffed = body;
    if (row == 0) stuffed = "Thank you\r\n...leading dot\r\n";
    stuffed.resize(stuffed.size() - 2);
    const auto answer = session.deliver("orders@shop.test", "Ann@Example.test", kHeader + stuffed);
    const auto id = id_of(answer);
    ASSERT_TRUE(id) << answer;
    const auto seen = engine.wait_for(row + 1).at(row);
    EXPECT_EQ(seen.id, *id);
    EXPECT_EQ(seen.sender, "orders@shop.test");
    EXPECT_EQ(seen.recipient, "Ann@example.test");
    EXPECT_EQ(seen.body.empty(), row == 0) << "small bodies stay in the record";
    EXPECT_TRUE(seen.bytes.starts_with(
        "Received: from client.test ([127.0.0.1])\r\n\tby mail.shop.test with ESMTP id " + id->text() +
        "\r\n\tfor <Ann@Example.test>"))
        << seen.bytes;
    EXPECT_TRUE(seen.bytes.ends_with("\r\n" + kHeader + body)) << seen.bytes;
    EXPECT_FALSE(seen.eight_bit);
  }
  EXPECT_EQ(engine.stats().messages, 2U);
  EXPECT_TRUE(eventually([&] { return engine.counters().delivered == 2; }));
}

TEST(Door, RecipientsShareOneBodyThatGoesWithTheLastOfThem) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()});
  Session session(engine);
  ASSERT_EQ(session.say("MAIL FROM:<orders@shop.test>").substr(0, 3), "250");
  for (const auto* to : {"a@one.test", "b@two.test", "a@one.test", "a@ONE.test"}) {
    ASSERT_EQ(session.say("RCPT TO:<" + std::string(to) + ">").substr(0, 3), "250");
  }
  ASSERT_EQ(session.say("DATA").substr(0, 3), "354");
  const auto answer = session.say(kHeader + "short, but two need it\r\n.");
  ASSERT_TRUE(id_of(answer)) << answer;
  const auto seen = engine.wait_for(2);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_FALSE(seen.at(0).body.empty());
  EXPECT_EQ(seen.at(0).body, seen.at(1).body);
  EXPECT_EQ(seen.at(0).bytes, seen.at(1).bytes);
  EXPECT_FALSE(seen.at(0).bytes.contains("\tfor <")) << "one recipient learns of another";
  EXPECT_NE(seen.at(0).recipient, seen.at(1).recipient);
  EXPECT_EQ(engine.segments->stats().bodies, 1U);
  ASSERT_TRUE(eventually([&] { return engine.counters().delivered == 2; }));
  const auto used =
      queue::segment_in_use(engine.queue->database(), store::BodyRef::of_key(seen.at(0).body).segment);
  ASSERT_TRUE(used);
  EXPECT_FALSE(*used);
  EXPECT_EQ(engine.counters().injected, 2U);
}

TEST(Door, AddsDateMessageIdAndFromWhereTheyAreMissing) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()});
  Session session(engine);
  const auto id = id_of(session.deliver("app@shop.test", "ann@example.test", "Subject: bare\r\n\r\nx"));
  ASSERT_TRUE(id);
  const auto bytes = engine.wait_for(1).at(0).bytes;
  EXPECT_TRUE(bytes.contains("\r\nDate: ")) << bytes;
  EXPECT_TRUE(bytes.contains("\r\nFrom: <app@shop.test>\r\n")) << bytes;
  EXPECT_TRUE(bytes.contains("\r\nMessage-ID: <" + id->text() + "@mail.shop.test>\r\n")) << bytes;
  EXPECT_TRUE(bytes.ends_with("\r\nSubject: bare\r\n\r\nx\r\n")) << bytes;
}

TEST(Door, SignsForTheDomainOfFrom) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()});
  const auto pem = message::generate_dkim_key(message::DkimAlgorithm::ed25519_sha256);
  ASSERT_TRUE(engine.signer.add(std::move(*message::DkimKey::parse(*pem, "shop.test", "s1"))));
  Session session(engine);
  ASSERT_TRUE(id_of(session.deliver("bounce@else.test", "ann@example.test", kHeader + large_body() + "end")));
  ASSERT_TRUE(id_of(session.deliver("bounce@shop.test", "ann@example.test", "From: a@other.test\r\n\r\nx")));
  const auto seen = engine.wait_for(2);
  EXPECT_EQ(seen.at(0).signed_by, "shop.test/s1");
  EXPECT_TRUE(seen.at(0).bytes.starts_with("DKIM-Signature: ")) << seen.at(0).bytes.substr(0, 200);
  EXPECT_TRUE(seen.at(0).bytes.contains("d=shop.test"));
  EXPECT_EQ(seen.at(1).signed_by, "");
  EXPECT_TRUE(seen.at(1).bytes.starts_with("Received: "));
}

TEST(Door, SaysWhatAMessageNeedsOfTheNextServer) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()});
  Session session(engine);
  for (const auto* word : {"8BITMIME", "SMTPUTF8", "SIZE", "PIPELINING"}) {
    EXPECT_TRUE(session.hello.contains(word)) << word;
  }
  ASSERT_TRUE(id_of(session.deliver("a@shop.test", "ann@example.test", "Subject: x\r\n\r\ncaf\xc3\xa9")));
  ASSERT_EQ(session.say("MAIL FROM:<a@shop.test> SMTPUTF8 BODY=8BITMIME").substr(0, 3), "250");
  ASSERT_EQ(session.say("RCPT TO:<ann@example.test>").substr(0, 3), "250");
  ASSERT_EQ(session.say("RCPT TO:<j\xc3\xb6rg@example.test>").substr(0, 3), "250");
  ASSERT_EQ(session.say("DATA").substr(0, 3), "354");
  ASSERT_TRUE(id_of(session.say("Subject: plain\r\n\r\nx\r\n.")));
  const auto seen = engine.wait_for(3);
  EXPECT_TRUE(seen.at(0).eight_bit);
  EXPECT_FALSE(seen.at(0).smtp_utf8);
  EXPECT_FALSE(seen.at(1).smtp_utf8) << "asked for, but nothing of it needs it";
  EXPECT_TRUE(seen.at(2).smtp_utf8) << "the local part needs it";
}

TEST(Door, IsNoRelayForStrangers) {
  const Folder folder;
  auto elsewhere = trusting_door();
  elsewhere.trusted_networks = {"192.0.2.0/24", "::1/128"};
  auto nobody = trusting_door();
  nobody.trusted_networks = {};
  Engine engine(folder.path, {elsewhere, nobody});
  for (const std::size_t door : {0U, 1U}) {
    Session session(engine, door);
    const auto answer = session.deliver("a@shop.test", "ann@example.test", kHeader + "x");
    EXPECT_TRUE(answer.starts_with("550 5.7.1 ")) << answer;
    EXPECT_EQ(session.say("DATA").substr(0, 1), "5");
  }
  EXPECT_EQ(engine.stats().relay_refused, 1U);
  EXPECT_EQ(engine.counters().injected, 0U);
}

TEST(Door, SmuggledTextIsRefusedWhole) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()});
  for (const auto* line_end : {"\n", "\r", "\n\r\n", "\r\r\n"}) {
    Session session(engine);
    const auto end = std::string(line_end);
    const auto answer =
        session.deliver("a@shop.test", "ann@example.test",
                        kHeader + "x" + end + "." + end +
                            "MAIL FROM:<evil@shop.test>\r\nRCPT TO:<eve@example.test>\r\nDATA\r\n"
                            "Subject: smuggled\r\n\r\ny");
    EXPECT_EQ(answer.substr(0, 1), "5") << answer;
    EXPECT_EQ(session.say("NOOP").substr(0, 3), "250") << "replies are out of step";
  }
  EXPECT_EQ(engine.counters().injected, 0U);
}

TEST(Door, RefusesWhatIsNoMessage) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()});
  Session session(engine);
  std::string loop;
  for (int i = 0; i < 51; ++i) loop += "Received: from a by b; x\r\n";
  EXPECT_TRUE(
      session.deliver("a@shop.test", "b@example.test", loop + kHeader + "x").starts_with("554 5.4.6 "));
  for (const auto& text :
       {std::string("no header\r\n\r\nx"), std::string("From: a@x.test\r\nFrom: b@y.test\r\n\r\nx"),
        kHeader + std::string("zero\0byte", 9)}) {
    const auto answer = session.deliver("a@shop.test", "b@example.test", text);
    EXPECT_TRUE(answer.starts_with("554 5.6.0 ")) << answer;
  }
  EXPECT_TRUE(session.deliver("", "b@example.test", "Subject: x\r\n\r\nx").starts_with("554 5.6.0 "));
  EXPECT_TRUE(session.deliver("a@shop.test", "b@no_domain", "x").starts_with("5"))
      << "an address that is none";
  EXPECT_TRUE(id_of(session.deliver("", "b@example.test", kHeader + "x"))) << "the null sender may submit";
  EXPECT_EQ(engine.counters().injected, 1U);
}

TEST(Door, RowsGoOnAfterARestartAndWhatWasAcceptedIsThere) {
  const Folder folder;
  std::set<std::string> ids;
  {
    Engine engine(folder.path, {trusting_door()}, {.deliver = false});
    Session session(engine);
    for (const auto& body : {std::string("small"), large_body() + "end"}) {
      const auto id = id_of(session.deliver("a@shop.test", "ann@example.test", kHeader + body));
      ASSERT_TRUE(id);
      ids.insert(id->text());
    }
  }
  Engine engine(folder.path, {trusting_door()});
  Session session(engine);
  const auto id = id_of(session.deliver("a@shop.test", "ann@example.test", kHeader + "after"));
  ASSERT_TRUE(id);
  EXPECT_EQ(id->row(), 2U);
  ids.insert(id->text());
  const auto seen = engine.wait_for(3);
  ASSERT_EQ(seen.size(), 3U);
  for (const auto& [row, one] : seen) EXPECT_TRUE(ids.contains(one.id.text())) << row;
  EXPECT_TRUE(seen.at(1).bytes.contains(large_body()));
  EXPECT_EQ(engine.queue->streams().all().size(), 1U) << "the flow was made again";
}

TEST(Door, ADiskCopiedAfterThe250HoldsTheMessage) {
  const Folder folder;
  const Folder copy;
  Engine engine(folder.path, {trusting_door()}, {.deliver = false});
  Session session(engine);
  std::set<std::string> ids;
  for (const auto& body : {std::string("small"), large_body() + "end"}) {
    const auto id = id_of(session.deliver("a@shop.test", "ann@example.test", kHeader + body));
    ASSERT_TRUE(id);
    ids.insert(id->text());
  }
  // What a kill leaves: nothing was closed or flushed for it.
  std::filesystem::copy(folder.path, copy.path, std::filesystem::copy_options::recursive);
  Engine after(copy.path, {trusting_door()});
  const auto seen = after.wait_for(2);
  ASSERT_EQ(seen.size(), 2U);
  for (const auto& [row, one] : seen) EXPECT_TRUE(ids.contains(one.id.text())) << row;
  EXPECT_TRUE(seen.at(1).bytes.contains(large_body()));
}

TEST(Door, ManyClientsOnSeveralThreadsLoseNothing) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()}, {.threads = 2});
  constexpr int kClients = 6;
  constexpr int kEach = 20;
  std::atomic<int> accepted{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      Session session(engine);
      for (int i = 0; i < kEach; ++i) {
        // One domain: a row that entered the queue behind a later one would be passed over.
        const auto body = (c + i) % 2 == 0 ? std::string("small") : large_body() + "end";
        if (id_of(session.deliver("a@shop.test", "ann@example.test", kHeader + body))) ++accepted;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(accepted, kClients * kEach);
  EXPECT_EQ(engine.wait_for(kClients * kEach).size(), std::size_t{kClients * kEach});
  EXPECT_TRUE(eventually([&] { return engine.counters().delivered == kClients * kEach; }));
}

TEST(Door, AFullDiskDefersAndLosesNothing) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()}, {.min_free_bytes = UINT64_MAX});
  Session session(engine);
  const auto answer = session.deliver("a@shop.test", "ann@example.test", kHeader + large_body() + "end");
  EXPECT_TRUE(answer.starts_with("452 4.3.1 ")) << answer;
  EXPECT_EQ(engine.counters().injected, 0U);
  EXPECT_TRUE(id_of(session.deliver("a@shop.test", "ann@example.test", kHeader + "small")));
  EXPECT_EQ(engine.wait_for(1).begin()->second.recipient, "ann@example.test");
}

TEST(Door, ADiskThatGetsLowTakesNothingNew) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()});
  Session session(engine);
  engine.queue->disk().set(store::Room::low, "1 MiB is free");
  const auto answer = session.say("MAIL FROM:<a@shop.test>");
  EXPECT_TRUE(answer.starts_with("452 4.3.1 ")) << answer;
  EXPECT_TRUE(Client(engine.at()).reply().starts_with("421 4.3.1 "));
  engine.queue->disk().set(store::Room::plenty, {});
  EXPECT_TRUE(id_of(session.deliver("a@shop.test", "ann@example.test", kHeader + "small")));
  EXPECT_TRUE(Client(engine.at()).reply().starts_with("220"));
}

TEST(Door, RefusesFromDomainsTheTenantMayNotUse) {
  const Folder folder;
  auto door = trusting_door();
  door.from_check = [](const std::string& tenant, const std::string& domain) -> std::optional<std::string> {
    if (tenant == "default" && domain == "shop.test") return std::nullopt;
    return domain + " is not yours";
  };
  Engine engine(folder.path, {door});
  Session session(engine);
  const auto other = session.deliver("a@shop.test", "ann@example.test", "From: a@other.test\r\n\r\nx");
  EXPECT_EQ(other, "550 5.7.1 other.test is not yours\r\n");
  const auto two =
      session.deliver("a@shop.test", "ann@example.test", "From: a@shop.test, b@other.test\r\n\r\nx");
  EXPECT_TRUE(two.starts_with("550 5.7.1 ")) << two;
  EXPECT_TRUE(id_of(session.deliver("a@other.test", "ann@example.test", kHeader + "x")));
}

TEST(Door, ACancelledFlowTakesNoMore) {
  const Folder folder;
  Engine engine(folder.path, {trusting_door()}, {.deliver = false});
  Session session(engine);
  ASSERT_TRUE(engine.queue->set_state(engine.stream(), queue::StreamState::cancelling, "test"));
  EXPECT_EQ(session.say("MAIL FROM:<a@shop.test>").substr(0, 3), "451");
}

TEST(Door, OneClientHasABoundedShareOfTheConnections) {
  const Folder folder;
  auto door = trusting_door();
  door.max_connections_per_client = 2;
  Engine engine(folder.path, {door});
  Session first(engine);
  {
    Session second(engine);
    Client third(engine.at());
    EXPECT_TRUE(third.reply().starts_with("421 4.7.0 "));
    (void)second.say("QUIT");
    EXPECT_TRUE(second.at_end());
  }
  EXPECT_TRUE(eventually([&] { return Client(engine.at()).reply().starts_with("220"); }));
}

TEST(Door, OffersStartTlsWithACertificate) {
  const Folder folder;
  const net::testing::Certificate certificate("mail.shop.test");
  auto door = trusting_door();
  door.certificate_file = certificate.certificate_file;
  door.key_file = certificate.key_file;
  door.server.require_tls = true;
  Engine engine(folder.path, {door, trusting_door()});
  Session session(engine);
  EXPECT_TRUE(session.hello.contains("STARTTLS"));
  EXPECT_TRUE(session.say("MAIL FROM:<a@shop.test>").starts_with("530"));
  EXPECT_TRUE(session.say("STARTTLS").starts_with("220"));
  EXPECT_FALSE(Session(engine, 1).hello.contains("STARTTLS"));
}

TEST(Door, RefusesOptionsThatCannotBeMeant) {
  const SystemClock clock;
  auto door = trusting_door();
  for (const auto* network : {"0.0.0.0/0", "::/0", "10.0.0.1/8", "2001:db8::1/32", "::ffff:10.0.0.0/104",
                              "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "shop.test", ""}) {
    door.trusted_networks = {"127.0.0.1/32", network};
    EXPECT_FALSE(Door::make(door, clock)) << network;
  }
  door = trusting_door();
  door.certificate_file = "mail.crt";
  EXPECT_FALSE(Door::make(door, clock));
  door = trusting_door();
  door.server.require_tls = true;
  EXPECT_FALSE(Door::make(door, clock));
}

TEST(TrustedNetworks, ContainWhatTheySay) {
  const auto networks = TrustedNetworks::parse({"127.0.0.1", "10.0.0.0/9", "2001:db8::/33", "192.0.2.7/32"});
  ASSERT_TRUE(networks) << networks.error().text;
  for (const auto* in :
       {"127.0.0.1", "10.127.255.255", "2001:db8:7fff::1", "192.0.2.7", "::ffff:192.0.2.7"}) {
    EXPECT_TRUE(networks->contain(in)) << in;
  }
  for (const auto* out :
       {"127.0.0.2", "10.128.0.0", "2001:db8:8000::1", "192.0.2.6", "::ffff:192.0.2.6", "::1", "", "x"}) {
    EXPECT_FALSE(networks->contain(out)) << out;
  }
}

}  // namespace
}  // namespace sluice::delivery
