// What comes back, applied to a real store: who is believed, what is written, and that it is told once.
#include "engine/inbound/returns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <list>

#include "engine/inbound/drop_folder.hpp"
#include "queue/families.hpp"
#include "queue/outbox.hpp"
#include "tests/unit/net/loop.hpp"
#include "tests/unit/suppression/book_fixture.hpp"

namespace sluice::inbound {
namespace {

using queue::EventKind;
namespace fs = std::filesystem;

std::string report(std::string_view to, std::string_view who, std::string_view status, std::string_view said,
                   std::string_view action = "failed") {
  return fmt::format(
      "From: MAILER-DAEMON@ok.test\r\nTo: {}@bounces.shop.test\r\nSubject: Delivery Status\r\n"
      "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\nAbout your mail.\r\n"
      "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.ok.test\r\n\r\n"
      "Final-Recipient: rfc822; {}\r\nAction: {}\r\nStatus: {}\r\nDiagnostic-Code: smtp; {}\r\n\r\n--b--\r\n",
      to, who, action, status, said);
}

class ReturnsFixture : public suppression::BookFixture, public testing::Test {
 protected:
  ReturnsFixture() {
    keys = std::move(*feedback::TokenKeys::open(folder / "return_tokens.keys", clock.now()));
    options.domain = "bounces.shop.test";
    open_door();
    queue::StreamSettings settings;
    settings.tenant = "shop";
    campaign = stream("first", settings);
  }
  /// As a start does.
  void open_door() {
    intake.reset();
    returns = std::make_unique<Returns>(
        *queue, *sent, *book, *keys, feedback::Classifier::builtin(), clock,
        [](const queue::Stream&) { return std::string("news.shop.test"); },
        [](std::string) -> net::Task<Place> { co_return Place{"mx.ok.test", "okay"}; });
    intake = std::make_unique<Intake>(options, *returns);
  }
  /// As if the row had been delivered.
  std::string delivered(Row row, std::string_view address) {
    const auto id = MessageId::make(clock.now(), 0, campaign->id, row);
    queue::Event event;
    event.kind = EventKind::delivered;
    event.time_ms = to_ms(clock.now());
    event.stream = campaign->id;
    event.id = id;
    event.recipient = address;
    event.source = "a";
    sent->add(event);
    return feedback::make_token(keys->for_stream(to_ms(clock.now())), id);
  }
  std::vector<Taken> take_file(std::string content) {
    std::vector<Taken> out;
    loop.spawn([](ReturnsFixture* self, std::string text, std::vector<Taken>* taken) -> net::Task<> {
      auto result = co_await self->intake->take_file(text);
      EXPECT_TRUE(result) << result.error().text;
      if (result) *taken = std::move(*result);
    }(this, std::move(content), &out));
    EXPECT_TRUE(loop.run());
    return out;
  }
  std::string what(std::string content) {
    const auto taken = take_file(std::move(content));
    return taken.size() == 1 ? taken.front().what : "several";
  }
  std::vector<queue::Event> events() {
    std::vector<queue::Event> out;
    bytes.clear();
    queue::OutboxReader rows(queue->database(), 0);
    for (; rows.valid(); rows.next()) bytes.emplace_back(rows.event());
    for (const auto& one : bytes) {
      const auto event = queue::Event::decode(one);
      if (event && event->kind >= EventKind::returned && event->kind <= EventKind::unsubscribed)
        out.push_back(*event);
    }
    return out;
  }

  std::unique_ptr<queue::SentIndex> sent = std::make_unique<queue::SentIndex>(queue->database());
  std::unique_ptr<feedback::TokenKeys> keys;
  Options options;
  std::unique_ptr<Returns> returns;
  std::unique_ptr<Intake> intake;
  queue::StreamPtr campaign;
  net::testing::Loop loop;
  std::list<std::string> bytes;
};

using InboundReturns = ReturnsFixture;

TEST_F(InboundReturns, TheTokenNamesTheRecipientWhateverTheReportSays) {
  const auto token = delivered(1, "ann@ok.test");
  EXPECT_EQ(what(report(token, "victim@ok.test", "5.1.1", "550 5.1.1 User unknown")), "returned");
  const auto told = events();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].recipient, "ann@ok.test");
  EXPECT_EQ(told[0].event_class, "invalid-recipient");
  EXPECT_EQ(told[0].detail, "hard");
  EXPECT_EQ(told[0].source, "a");
  EXPECT_EQ(told[0].site, "mx.ok.test");
  EXPECT_EQ(told[0].provider, "okay");
}

TEST_F(InboundReturns, WithoutATokenNothingIsBelieved) {
  delivered(1, "ann@ok.test");
  const auto id = MessageId::make(clock.now(), 0, campaign->id, 1);
  EXPECT_EQ(what(report("x", "ann@ok.test", "5.1.1", "550 5.1.1 User unknown")), "unknown");
  EXPECT_EQ(what(report(id.text(), "ann@ok.test", "5.1.1", "550 5.1.1 User unknown")), "unknown");
  const auto undelivered = MessageId::make(clock.now(), 0, campaign->id, 77);
  const auto token = feedback::make_token(keys->for_stream(to_ms(clock.now())), undelivered);
  EXPECT_EQ(what(report(token, "ann@ok.test", "5.1.1", "550 5.1.1 User unknown")), "unknown");
  EXPECT_EQ(what(""), "unknown");
  EXPECT_EQ(what(std::string(100'000, '\xff')), "unknown");
  EXPECT_TRUE(events().empty());
}

TEST_F(InboundReturns, ABounceThatComesAgainIsToldOnce) {
  const auto token = delivered(1, "ann@ok.test");
  const auto text = report(token, "ann@ok.test", "5.1.1", "550 5.1.1 User unknown");
  EXPECT_EQ(what(text), "returned");
  EXPECT_EQ(what(text), "repeated");
  EXPECT_EQ(what(report(delivered(2, "bob@ok.test"), "bob@ok.test", "5.2.2", "552 full")), "returned");
  EXPECT_EQ(events().size(), 2U);
}

TEST_F(InboundReturns, ABounceThatComesAgainAfterARestartIsToldOnce) {
  const auto token = delivered(1, "ann@ok.test");
  const auto text = report(token, "ann@ok.test", "5.1.1", "550 5.1.1 User unknown");
  EXPECT_EQ(what(text), "returned");
  sent = std::make_unique<queue::SentIndex>(queue->database());
  open_door();
  EXPECT_EQ(what(text), "repeated");
  EXPECT_EQ(events().size(), 1U);
  const auto entry = sent->find(campaign->id, 1);
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->address, "ann@ok.test");
  EXPECT_EQ((*entry)->source, "a");
  EXPECT_EQ((*entry)->told, queue::kToldReturned);
}

TEST_F(InboundReturns, ABounceSentTwiceToTheSameTokenIsToldOnce) {
  const auto token = delivered(1, "ann@ok.test");
  const auto id = MessageId::make(clock.now(), 0, campaign->id, 1);
  const auto text = report(token, "ann@ok.test", "5.1.1", "550 5.1.1 User unknown");
  const Target target{Target::Kind::feedback, id};
  loop.spawn([](const Intake* into, Target to, std::string bytes) -> net::Task<> {
    std::vector<Target> both(2, to);
    const auto taken = co_await into->take(std::move(both), true, bytes);
    EXPECT_TRUE(taken) << taken.error().text;
    if (!taken) co_return;
    EXPECT_EQ(taken->size(), 2U);
    EXPECT_EQ(taken->front().what, "returned");
    EXPECT_EQ(taken->back().what, "repeated");
  }(intake.get(), target, text));
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(events().size(), 1U);
}

TEST_F(InboundReturns, TwoCopiesAtTheSameInstantAreToldOnce) {
  const auto token = delivered(1, "ann@ok.test");
  const auto text = report(token, "ann@ok.test", "5.1.1", "550 5.1.1 User unknown");
  int taken = 0;
  int refused = 0;
  for (int copy = 0; copy < 2; ++copy) {
    loop.spawn([](const Intake* into, std::string bytes, int* ok, int* later) -> net::Task<> {
      const auto result = co_await into->take_file(bytes);
      ++*(result ? ok : later);
      if (!result) EXPECT_EQ(result.error().code, ErrorCode::unavailable);
    }(intake.get(), text, &taken, &refused));
  }
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(refused, 1) << "its sender comes again";
  EXPECT_EQ(what(text), "repeated");
  EXPECT_EQ(events().size(), 1U);
}

TEST_F(InboundReturns, ADelayAndAnAutomaticAnswerAreNothing) {
  const auto token = delivered(1, "ann@ok.test");
  EXPECT_EQ(what(report(token, "ann@ok.test", "4.4.1", "timed out", "delayed")), "delayed");
  EXPECT_EQ(what(fmt::format("From: ann@ok.test\r\nTo: {}@bounces.shop.test\r\nSubject: Out of office\r\n"
                             "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n",
                             token)),
            "autoreply");
  EXPECT_EQ(what(fmt::format("From: ann@ok.test\r\nTo: unsubscribe+{}@bounces.shop.test\r\nSubject: Away\r\n"
                             "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n",
                             token)),
            "nothing");
  EXPECT_TRUE(events().empty());
}

TEST_F(InboundReturns, WhoeverLeavesIsStoppedAtOnceForThatTenantAndListOnly) {
  const auto token = delivered(1, "ann@ok.test");
  EXPECT_EQ(what(fmt::format("From: ann@ok.test\r\nTo: unsubscribe+{}@bounces.shop.test\r\n"
                             "Subject: unsubscribe\r\n\r\n\r\n",
                             token)),
            "unsubscribed");
  EXPECT_EQ(added("ann@ok.test", {"shop", "news.shop.test", false}), "unsubscribed");
  EXPECT_EQ(probe("ann@ok.test", {"shop", "news.shop.test", false}), "unsubscribed");
  EXPECT_EQ(probe("ann@ok.test", {"shop", "offers.shop.test", false}), "");
  EXPECT_EQ(probe("ann@ok.test", {"other", "news.shop.test", false}), "");
  remove("ann@ok.test");
  EXPECT_EQ(what(fmt::format("From: ann@ok.test\r\nTo: unsubscribe+{}@bounces.shop.test\r\n"
                             "Subject: unsubscribe\r\n\r\n\r\n",
                             token)),
            "unsubscribed")
      << "an operator took the entry away; who asks again is heard again";
  EXPECT_EQ(probe("ann@ok.test", {"shop", "news.shop.test", false}), "unsubscribed");
}

class InboundDropFolder : public ReturnsFixture {
 protected:
  InboundDropFolder() {
    options.maildir = folder / "Maildir";
    options.maildir_at_once = 2;
    auto opened = DropFolder::open(options, *intake, meter);
    EXPECT_TRUE(opened) << opened.error().text;
    drop.emplace(std::move(*opened));
  }
  void put(const std::string& name, const std::string& text) {
    std::ofstream(fs::path(options.maildir) / "new" / name, std::ios::binary) << text;
  }
  bool look() {
    bool more = false;
    loop.spawn([](DropFolder* folder, bool* out) -> net::Task<> {
      const auto result = co_await folder->look();
      EXPECT_TRUE(result) << result.error().text;
      *out = result && *result;
    }(&*drop, &more));
    EXPECT_TRUE(loop.run());
    return more;
  }
  std::vector<std::string> names(const char* where) {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(fs::path(options.maildir) / where))
      out.push_back(entry.path().filename());
    std::ranges::sort(out);
    return out;
  }

  Meter meter{nullptr};
  std::optional<DropFolder> drop;
};

TEST_F(InboundDropFolder, MovesWhatItTookAndOverwritesNothing) {
  const auto text = report(delivered(1, "ann@ok.test"), "ann@ok.test", "5.1.1", "550 5.1.1 User unknown");
  put("a", text);
  put(".hidden", text);
  EXPECT_FALSE(look());
  put("a:2,RS", "Subject: hi\r\n\r\nhello\r\n");
  EXPECT_FALSE(look());
  EXPECT_EQ(names("cur"), (std::vector<std::string>{"a:2,S", "a_1:2,S"}));
  EXPECT_EQ(names("new"), std::vector<std::string>{".hidden"});
  EXPECT_EQ(events().size(), 1U);
}

TEST_F(InboundDropFolder, IsReadABoundedNumberAtATimeAndSetsAsideWhatIsNoFile) {
  fs::create_symlink("/etc/hostname", fs::path(options.maildir) / "new" / "link");
  fs::create_directory(fs::path(options.maildir) / "new" / "folder");
  put("letter", "Subject: hi\r\n\r\nhello\r\n");
  EXPECT_TRUE(look());
  EXPECT_EQ(names("new").size(), 1U);
  EXPECT_FALSE(look());
  EXPECT_EQ(names("cur"), (std::vector<std::string>{"folder:2,F", "letter:2,S", "link:2,F"}));
}

}  // namespace
}  // namespace sluice::inbound
