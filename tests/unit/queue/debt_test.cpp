#include "queue/debt.hpp"

#include <gtest/gtest.h>

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"
#include "tests/unit/queue/fake_worker.hpp"
#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::queue {
namespace {

struct Idle final : RunReceiver {
  void on_runs(std::vector<Run>) override {}
  void on_stream_changed(StreamPtr) override {}
};

std::string body_key() {
  std::string key;
  put_be<4>(key, 7);
  put_be<8>(key, 100);
  return key;
}

/// A payload names the kinds it is owed something for: b(ounced), e(xpired), d(elivered), l(ate).
bool owes(std::string_view payload, EventKind kind) {
  const char letter = kind == EventKind::bounced     ? 'b'
                      : kind == EventKind::expired   ? 'e'
                      : kind == EventKind::delivered ? 'd'
                      : kind == EventKind::deferred  ? 'l'
                                                     : '?';
  return payload.contains(letter);
}

class DebtTest : public ::testing::Test {
 protected:
  QueueFixture at{[](Options& options) { options.owes = owes; }};

  StreamPtr flow(StreamKind kind = StreamKind::flow, std::chrono::seconds expire = std::chrono::hours(1)) {
    StreamSettings settings;
    settings.kind = kind;
    settings.expire = expire;
    return at.stream("mail", settings);
  }
  void add(const StreamPtr& stream, Row row, const std::string& payload, std::optional<Debt> paid = {}) {
    auto injection = std::make_unique<Injection>(stream);
    injection->add(row, "example.test", "u", to_ms(at.clock.now()) - 10'000, payload, body_key());
    if (paid) injection->pay(std::move(*paid));
    injection->seal();
    std::promise<void> done;
    at.queue->inject(std::move(injection), store::Urgency::now, [&](const Expected<>& result) {
      EXPECT_TRUE(result);
      done.set_value();
    });
    done.get_future().wait();
  }
  std::vector<Debt> debts(std::uint64_t after = 0) {
    std::vector<std::uint64_t> damaged;
    auto out = read_debts(at.queue->database(), after, 100, damaged);
    EXPECT_TRUE(out && damaged.empty());
    return std::move(*out);
  }
  std::size_t rows(store::Family family) {
    std::size_t count = 0;
    const auto all = at.queue->database().cursor(family, std::string(), std::string(32, '\xff'));
    for (; all->valid(); all->next()) ++count;
    return count;
  }
  /// Every attempt ends so.
  template <class Ended>
  void work(FakeWorker::Outcome outcome, Ended ended) {
    FakeWorker worker(*at.queue, at.clock, std::move(outcome));
    at.queue->start({&worker});
    worker.start();
    ended();
    worker.stop();
    at.queue->stop();
  }
};

TEST_F(DebtTest, OutlivesACrashAndIsPaidOnce) {
  StreamPtr stream;
  work([](const Record&, Settlement& settlement) { settlement.kind = EventKind::bounced; },
       [&] {
         stream = flow();
         add(stream, 0, "b");
         add(stream, 1, "none of them: x");
         ASSERT_TRUE(eventually([&] { return at.queue->counters(stream->id).bounced == 2; }));
       });
  at.reopen();
  auto owed = debts();
  ASSERT_EQ(owed.size(), 1U);
  EXPECT_EQ(at.queue->ledger().last_owed(), owed.front().seq);
  EXPECT_EQ(Event::decode(owed.front().event)->recipient, "u@example.test");
  EXPECT_EQ(RecordValue::decode(owed.front().value)->payload, "b");
  EXPECT_EQ(rows(kBodies), 1U) << "the body is kept for whoever pays";
  EXPECT_TRUE(debts(owed.front().seq).empty());
  Idle idle;
  at.queue->start({&idle});
  add(at.queue->streams().find(stream->id), 2, "", owed.front());
  EXPECT_TRUE(debts().empty());
  EXPECT_EQ(rows(kBodies), 1U) << "that of the payment alone";
  at.queue->stop();
}

TEST_F(DebtTest, DeliveriesOweWhereTheSettlementSaysSo) {
  work([](const Record& record, Settlement& settlement) { settlement.owing = record.key.row == 0; },
       [&] {
         const auto stream = flow();
         add(stream, 0, "d");
         add(stream, 1, "d");
         ASSERT_TRUE(eventually([&] { return at.queue->counters(stream->id).delivered == 2; }));
       });
  ASSERT_EQ(debts().size(), 1U);
  EXPECT_EQ(RecordKey::decode(debts().front().key)->row, 0U);
}

TEST_F(DebtTest, ADelayIsOwedOnceHoweverOftenItIsTried) {
  std::atomic<bool> let_go{false};
  work(
      [&](const Record& record, Settlement& settlement) {
        if (let_go) return;
        settlement.kind = EventKind::deferred;
        settlement.owing = true;
        settlement.trail = record.value.trail;
        ++settlement.trail.attempts;
        settlement.due = to_due_second(at.clock.now());
      },
      [&] {
        const auto stream = flow();
        add(stream, 0, "l");
        ASSERT_TRUE(eventually([&] { return at.queue->counters(stream->id).deferrals >= 3; }));
        EXPECT_EQ(debts().size(), 1U);
        EXPECT_EQ(rows(kOwed), 2U) << "the debt, and the mark that it was told";
        ASSERT_TRUE(at.queue->forgive(debts().front()));
        EXPECT_EQ(rows(kBodies), 1U) << "it still waits";
        let_go = true;
        ASSERT_TRUE(eventually([&] { return at.queue->counters(stream->id).delivered == 1; }));
      });
  EXPECT_EQ(rows(kOwed), 0U);
  EXPECT_EQ(rows(kBodies), 0U);
}

TEST_F(DebtTest, TheSweeperOwesForWhatItExpires) {
  Idle idle;
  at.queue->start({&idle});
  const auto stream = flow(StreamKind::flow, std::chrono::seconds(1));
  add(stream, 0, "e");
  const RecordKey key{stream->id, Phase::first, 0, "example.test", 0};
  const auto expired = at.queue->expire({key.encode()});
  ASSERT_TRUE(expired && *expired == 1);
  ASSERT_EQ(debts().size(), 1U);
  EXPECT_EQ(Event::decode(debts().front().event)->kind, EventKind::expired);
  at.queue->stop();
}

TEST_F(DebtTest, CampaignsOweNothing) {
  work([](const Record&, Settlement& settlement) { settlement.kind = EventKind::bounced; },
       [&] {
         const auto stream = flow(StreamKind::campaign);
         add(stream, 0, "bedl");
         ASSERT_TRUE(eventually([&] { return at.queue->counters(stream->id).bounced == 1; }));
       });
  EXPECT_EQ(rows(kOwed), 0U);
  EXPECT_EQ(rows(kBodies), 0U);
}

TEST(Debt, DamagedRowsAreNoDebts) {
  Debt debt;
  Event event;
  event.kind = EventKind::bounced;
  event.append_to(debt.event);
  debt.key = RecordKey{7, Phase::first, 0, "example.test", 42}.encode();
  RecordValue{"ada", 5, {}, "payload"}.append_to(debt.value);
  const auto bytes = debt.encode();
  ASSERT_TRUE(Debt::decode(9, bytes));
  EXPECT_EQ(Debt::decode(9, bytes)->value, debt.value);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(Debt::decode(9, bytes.substr(0, cut))) << cut;
}

}  // namespace
}  // namespace sluice::queue
