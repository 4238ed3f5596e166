// Passes over waiting mail, and the feed of bounces.
#include "engine/suppression/upkeep.hpp"

#include "tests/unit/queue/fake_worker.hpp"
#include "tests/unit/suppression/book_fixture.hpp"

namespace sluice::suppression {
namespace {

using queue::EventKind;
using queue::eventually;

class UpkeepFixture : public BookFixture {
 public:
  explicit UpkeepFixture(Options wanted = {}) : BookFixture(with_short_pause(std::move(wanted))) { make(); }

  static Options with_short_pause(Options options) {
    options.pass_pause = std::chrono::milliseconds(0);
    return options;
  }
  void make() {
    upkeep = std::make_unique<Upkeep>(
        *queue, *book, clock,
        [](const queue::Stream& stream) { return Audience{stream.settings.tenant, "", false}; },
        [this] { return queue->ledger().committed_seq(); });
  }
  void restart_all() {
    upkeep.reset();
    restart();
    make();
  }
  /// Rounds until there is nothing to do.
  void settle() {
    ASSERT_TRUE(eventually([&] {
      const bool busy = upkeep->round();
      return !busy && book->delta().empty() && !book->pass_owed();
    }));
  }
  void event(EventKind kind, const queue::StreamPtr& stream, std::string_view recipient,
             std::string_view event_class, std::int64_t time_ms) {
    queue::Event out;
    out.kind = kind;
    out.stream = stream->id;
    out.recipient = recipient;
    out.event_class = event_class;
    out.time_ms = time_ms;
    std::string encoded;
    out.append_to(encoded);
    queue->record_event(std::move(encoded));
  }
  void feed() {
    ASSERT_TRUE(eventually([&] { return queue->committer().pending() == 0; }));
    ASSERT_TRUE(eventually([&] {
      upkeep->round();
      return book->cursor() >= queue->ledger().committed_seq();
    }));
  }

  std::unique_ptr<Upkeep> upkeep;
};

TEST(Pass, TakesThoseOutWhoWereAddedAndNobodyElse) {
  UpkeepFixture at;
  const auto stream = at.stream("s");
  at.inject(stream, 0, 3000, 3);
  at.add("U7@d1.test");
  at.add("@d2.test");
  at.add("nobody@d0.test");
  at.settle();
  const auto counters = at.queue->counters(stream->id);
  EXPECT_EQ(counters.suppressed, 1001U);
  EXPECT_EQ(counters.queued(), 1999U);
  EXPECT_EQ(at.added("u7@d1.test"), "") << "no worker needs to look any more";
  EXPECT_EQ(at.probe("u7@d1.test"), "global");
}

TEST(Pass, OneThatIsOwedGoesByAllRowsAlsoAfterARestart) {
  UpkeepFixture at;
  const auto stream = at.stream("s");
  at.inject(stream, 0, 100, 1);
  for (int i = 0; i < 20; ++i) at.add("u" + std::to_string(i) + "@d0.test", {}, true);
  EXPECT_TRUE(at.book->pass_owed());
  at.restart_all();
  EXPECT_TRUE(at.book->pass_owed());
  at.settle();
  EXPECT_EQ(at.queue->counters(stream->id).suppressed, 20U);
  at.restart_all();
  EXPECT_FALSE(at.book->pass_owed());
}

TEST(Pass, WaitsForLookupsThatBeganBeforeIt) {
  UpkeepFixture at;
  const auto stream = at.stream("s");
  auto ticket = at.book->begin_check();
  EXPECT_EQ(at.probe("u5@d0.test"), "") << "looked up …";
  at.add("u5@d0.test");
  for (int i = 0; i < 5; ++i) at.upkeep->round();
  EXPECT_EQ(at.added("u5@d0.test"), "global") << "the delta keeps it";
  at.inject(stream, 5, 6, 1);  // … and only then committed
  ticket.reset();
  at.settle();
  EXPECT_EQ(at.queue->counters(stream->id).suppressed, 1U);
}

TEST(Pass, ComesAgainForWhatIsBeingAttempted) {
  BookFixture at;
  std::atomic<bool> hold{true};
  std::atomic<bool> holds{false};
  at.queue->stop();
  at.book.reset();
  at.reopen();
  at.book = std::move(*Book::open(*at.queue, at.clock, UpkeepFixture::with_short_pause(at.book_options)));
  queue::FakeWorker sender(*at.queue, at.clock, [&](const queue::Record&, queue::Settlement& out) {
    holds = true;
    while (hold) std::this_thread::yield();
    out.kind = EventKind::deferred;
    out.trail.attempts = 1;
    out.due = queue::to_due_second(at.clock.now() + std::chrono::hours(1));
  });
  at.queue->start({&sender});
  sender.start();
  Upkeep upkeep(
      *at.queue, *at.book, at.clock, [](const queue::Stream&) { return Audience{}; },
      [&] { return at.queue->ledger().committed_seq(); });
  const auto stream = at.stream("s");
  at.inject(stream, 0, 1, 1);
  ASSERT_TRUE(eventually([&] { return holds.load(); }));
  at.add("u0@d0.test");
  for (int i = 0; i < 20; ++i) upkeep.round();
  EXPECT_EQ(at.added("u0@d0.test"), "global") << "its attempt is under way: the delta keeps it";
  hold = false;
  ASSERT_TRUE(eventually([&] {
    upkeep.round();
    return at.queue->counters(stream->id).suppressed == 1;
  }));
  ASSERT_TRUE(eventually([&] {
    upkeep.round();
    return at.book->delta().empty();
  }));
  sender.stop();
}

TEST(BounceFeed, OnlySuppressingClassesSuppress) {
  UpkeepFixture at;
  queue::StreamSettings settings;
  settings.tenant = "shop";
  const auto stream = at.stream("s", settings);
  const Audience shop{"shop", "", false};
  const auto now = to_ms(at.clock.now());
  at.event(EventKind::bounced, stream, "dead@x.test", "invalid-recipient", now);
  at.event(EventKind::bounced, stream, "off@x.test", "inactive", now);
  at.event(EventKind::bounced, stream, "any@gone.test", "invalid-domain", now);
  at.event(EventKind::returned, stream, "late@x.test", "invalid-recipient", now);
  at.event(EventKind::complaint, stream, "angry@x.test", "", now);
  at.event(EventKind::bounced, stream, "blocked@x.test", "policy", now);
  at.event(EventKind::bounced, stream, "listed@x.test", "blocklist", now);
  at.event(EventKind::deferred, stream, "later@x.test", "invalid-recipient", now);
  at.event(EventKind::bounced, stream, "full@x.test", "mailbox-full", now);
  at.feed();
  for (const auto* who : {"dead@x.test", "off@x.test", "other@gone.test", "late@x.test", "angry@x.test"})
    EXPECT_EQ(at.probe(who, shop), "tenant") << who;
  for (const auto* who : {"blocked@x.test", "listed@x.test", "later@x.test", "full@x.test"})
    EXPECT_EQ(at.probe(who, shop), "") << who;
  EXPECT_EQ(at.probe("dead@x.test", {"other", "", false}), "");
  EXPECT_EQ(at.book->counts().soft_rows, 1U);
  const auto gone = at.book->lookup().row(*Subject::parse("@gone.test"));
  ASSERT_TRUE(gone && *gone);
  EXPECT_GT((*gone)->entries.front().expires_ms, now);
}

TEST(BounceFeed, EachEventCountsOnceAcrossRestarts) {
  UpkeepFixture at({.page_events = 3});
  const auto stream = at.stream("s");
  const auto day = std::int64_t{24} * 3'600'000;
  const auto from = to_ms(at.clock.now()) - 20 * day;
  for (const int d : {0, 1, 2})
    at.event(EventKind::deferred, stream, "full@x.test", "mailbox-full", from + d * day);
  at.feed();
  at.restart_all();
  at.feed();
  EXPECT_EQ(at.probe("full@x.test"), "") << "three events, though read by two processes";
  at.event(EventKind::deferred, stream, "full@x.test", "mailbox-full", from + 8 * day);
  at.feed();
  EXPECT_EQ(at.probe("full@x.test"), "tenant");
  EXPECT_EQ(at.book->counts().soft_rows, 0U);
}

TEST(BounceFeed, ADeliveryForgetsSoftBounces) {
  UpkeepFixture at;
  const auto stream = at.stream("s");
  const auto day = std::int64_t{24} * 3'600'000;
  const auto from = to_ms(at.clock.now()) - 20 * day;
  for (const int d : {0, 1, 5})
    at.event(EventKind::deferred, stream, "full@x.test", "mailbox-full", from + d * day);
  at.event(EventKind::delivered, stream, "Full@x.test", "", from + 6 * day);
  at.event(EventKind::deferred, stream, "full@x.test", "mailbox-full", from + 9 * day);
  at.feed();
  EXPECT_EQ(at.probe("full@x.test"), "");
  EXPECT_EQ(at.book->counts().soft_rows, 1U);
}

TEST(BounceFeed, ADeliveryDoesNotForgetSoftBouncesThatCameByMail) {
  UpkeepFixture at;
  const auto stream = at.stream("s");
  const auto day = std::int64_t{24} * 3'600'000;
  const auto from = to_ms(at.clock.now()) - 20 * day;
  for (const int d : {0, 3, 6, 9}) {
    at.event(EventKind::delivered, stream, "full@x.test", "", from + d * day);
    at.event(EventKind::returned, stream, "full@x.test", "mailbox-full", from + d * day + 60'000);
  }
  at.feed();
  EXPECT_EQ(at.probe("full@x.test"), "tenant");
}

TEST(BounceFeed, SwitchedOffItOnlyMovesOn) {
  UpkeepFixture at({.automatic = false});
  const auto stream = at.stream("s");
  at.event(EventKind::bounced, stream, "dead@x.test", "invalid-recipient", to_ms(at.clock.now()));
  at.feed();
  EXPECT_EQ(at.probe("dead@x.test"), "");
}

}  // namespace
}  // namespace sluice::suppression
