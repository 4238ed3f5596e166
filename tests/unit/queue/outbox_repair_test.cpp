// What a repair does with rows of events: holes are filled, damage replaced, each number told once.
#include "queue/outbox.hpp"
#include "queue/repair.hpp"
#include "tests/unit/queue/feed_fixture.hpp"

namespace sluice::queue {
namespace {

class OutboxRepair : public FeedFixture {
 protected:
  /// Rows 1-4, 5-8, 9-12; `damage` changes them.
  void write(const std::function<void(store::Batch&)>& damage) {
    change([](store::Batch& batch) {
      OutboxWriter writer;
      for (std::uint64_t seq = 1; seq <= 12; ++seq) {
        writer.add(batch, seq, event(seq));
        if (seq % 4 == 0) writer.flush(batch);
      }
      batch.put(kCounters, "seq", OutboxRow::key(12));
    });
    change(damage);
  }
  /// After a repair these numbers say that their event was lost; the others are what they were.
  void expect_lost(const std::vector<std::uint64_t>& lost) {
    const auto report = repair_store(options_.store, folders_, {}, clock_.now());
    ASSERT_TRUE(report) << report.error().text;
    ASSERT_EQ(report->steps.size(), 1u);
    EXPECT_EQ(report->steps.front().what, "events replaced");
    EXPECT_EQ(report->steps.front().count, lost.size());
    const auto lines = feed();
    EXPECT_EQ(lines.size(), 12u);
    for (std::uint64_t seq = 1; seq <= 12; ++seq)
      expect_line(lines, seq, std::ranges::find(lost, seq) == lost.end());
  }
};

TEST_F(OutboxRepair, ARowThatIsGone) {
  write([](store::Batch& batch) { batch.erase(kOutbox, OutboxRow::key(8)); });
  expect_lost({5, 6, 7, 8});
}

TEST_F(OutboxRepair, ARowThatDoesNotDecode) {
  write([](store::Batch& batch) { batch.put(kOutbox, OutboxRow::key(8), "x"); });
  expect_lost({5, 6, 7, 8});
}

TEST_F(OutboxRepair, TheLastRowIsGone) {
  write([](store::Batch& batch) { batch.erase(kOutbox, OutboxRow::key(12)); });
  expect_lost({9, 10, 11, 12});
}

TEST_F(OutboxRepair, AnEventOfARowDoesNotDecode) {
  write([](store::Batch& batch) {
    OutboxWriter writer;
    for (std::uint64_t seq = 5; seq <= 8; ++seq)
      writer.add(batch, seq, seq == 6 ? std::string("\2\xff") : event(seq));
    writer.flush(batch);
  });
  expect_lost({6});
}

}  // namespace
}  // namespace sluice::queue
