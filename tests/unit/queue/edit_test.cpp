// Operators' edits of records that workers may have read already.
#include "queue/edit.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "queue/families.hpp"
#include "tests/unit/queue/fake_worker.hpp"
#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::queue {
namespace {

/// Keys of the stream's records as they stand now.
std::vector<std::string> keys_of(Queue& queue, const StreamPtr& stream) {
  std::vector<std::string> out;
  const auto cursor = queue.database().cursor(kRecords, phase_begin(stream->id, Phase::first),
                                              phase_end(stream->id, Phase::retry));
  for (; cursor->valid(); cursor->next()) out.emplace_back(cursor->key());
  return out;
}

/// Edits every record there is, in steps; what the last pass left alone is busy or unchanged.
EditReport edit_all(Queue& queue, const StreamPtr& stream, Edit what) {
  EditReport out;
  auto keys = keys_of(queue, stream);
  for (std::size_t at = 0; at < keys.size(); at += kMaxEdit) {
    const auto end = std::min(keys.size(), at + kMaxEdit);
    auto report = queue.edit(what, {keys.begin() + static_cast<std::ptrdiff_t>(at),
                                    keys.begin() + static_cast<std::ptrdiff_t>(end)});
    EXPECT_TRUE(report);
    if (report) out.add(*report);
  }
  return out;
}

void delivered(const Record&, Settlement&) {}

TEST(Edit, WhatAWorkerHasReadIsNotSentOnceHeldAndIsSentOnceReleased) {
  QueueFixture at;
  FakeWorker worker(*at.queue, at.clock, delivered, 4, 0);  // reads, asks for no lease
  at.queue->start({&worker});
  worker.start();
  const auto stream = at.stream("s");
  at.inject(stream, 0, 40, 3);
  ASSERT_TRUE(eventually([&] { return at.queue->feeder().stats().resident_records == 40; }));
  EXPECT_EQ(edit_all(*at.queue, stream, Edit::hold).edited, 40U);
  EXPECT_EQ(at.queue->counters(stream->id).held, 40U);
  EXPECT_EQ(edit_all(*at.queue, stream, Edit::hold).unchanged, 40U);
  worker.set_runs_ahead(2);
  ASSERT_TRUE(eventually([&] { return at.queue->feeder().stats().resident_records == 0; }))
      << "the worker's copies are found out and forgotten";
  EXPECT_EQ(worker.attempts(), 0U);
  EXPECT_EQ(edit_all(*at.queue, stream, Edit::release).edited, 40U);
  EXPECT_TRUE(eventually([&] { return at.queue->counters(stream->id).delivered == 40; }));
  const auto counters = at.queue->counters(stream->id);
  EXPECT_EQ(counters.held, 0U);
  EXPECT_EQ(counters.retries_waiting, 0U);
  EXPECT_EQ(worker.attempts(), 40U);
  worker.stop();
}

TEST(Edit, ADeletedRecordIsCancelledAndNeverSent) {
  QueueFixture at;
  FakeWorker worker(*at.queue, at.clock, delivered, 4, 0);
  at.queue->start({&worker});
  worker.start();
  const auto stream = at.stream("s");
  at.inject(stream, 0, 30, 2);
  ASSERT_TRUE(eventually([&] { return at.queue->feeder().stats().resident_records == 30; }));
  EXPECT_EQ(edit_all(*at.queue, stream, Edit::erase).edited, 30U);
  worker.set_runs_ahead(2);
  EXPECT_TRUE(eventually([&] { return at.queue->feeder().stats().resident_records == 0; }));
  const auto counters = at.queue->counters(stream->id);
  EXPECT_EQ(counters.cancelled, 30U);
  EXPECT_EQ(counters.queued(), 0U);
  EXPECT_EQ(worker.attempts(), 0U);
  worker.stop();
}

TEST(Edit, ADeferredRecordIsMadeDueOrStartsOver) {
  QueueFixture at;
  std::map<Row, int> tries;
  FakeWorker worker(*at.queue, at.clock, [&](const Record& record, Settlement& settlement) {
    if (++tries[record.key.row] > 1) {
      EXPECT_EQ(record.value.trail.attempts, record.key.row % 2 == 0 ? 1 : 0);
      EXPECT_EQ(record.value.trail.source, record.key.row % 2 == 0 ? 3 : 0);
      return;
    }
    settlement.kind = EventKind::deferred;
    settlement.trail.attempts = 1;
    settlement.trail.source = 3;
    settlement.due = to_due_second(at.clock.now() + std::chrono::hours(1));
  });
  at.queue->start({&worker});
  worker.start();
  const auto stream = at.stream("s");
  at.inject(stream, 0, 100, 5);
  ASSERT_TRUE(eventually([&] { return at.queue->counters(stream->id).deferrals == 100; }));
  std::vector<std::string> even;
  std::vector<std::string> odd;
  for (auto& key : keys_of(*at.queue, stream)) {
    (RecordKey::decode(key)->row % 2 == 0 ? even : odd).push_back(key);
  }
  EXPECT_EQ(at.queue->edit(Edit::flush, even)->edited, 50U);
  EXPECT_EQ(at.queue->edit(Edit::requeue, odd)->edited, 50U);
  EXPECT_EQ(at.queue->edit(Edit::requeue, odd)->busy, 50U) << "keys that are no more";
  EXPECT_TRUE(eventually([&] { return at.queue->counters(stream->id).delivered == 100; }));
  EXPECT_EQ(worker.attempts(), 200U);
  worker.stop();
}

TEST(Edit, HoldsAndItsCountOutliveARestart) {
  QueueFixture at;
  FakeWorker reader(*at.queue, at.clock, delivered, 4, 0);
  at.queue->start({&reader});
  reader.start();
  const auto stream = at.stream("s");
  at.inject(stream, 0, 20, 2);
  EXPECT_EQ(edit_all(*at.queue, stream, Edit::hold).edited, 20U);
  reader.stop();
  at.reopen();
  const auto again = at.queue->streams().find(stream->id);
  EXPECT_EQ(at.queue->counters(stream->id).held, 20U);
  FakeWorker worker(*at.queue, at.clock, delivered);
  at.queue->start({&worker});
  worker.start();
  EXPECT_EQ(edit_all(*at.queue, again, Edit::release).edited, 20U);
  EXPECT_TRUE(eventually([&] { return at.queue->counters(stream->id).delivered == 20; }));
  worker.stop();
}

TEST(Edit, UnderLoadEveryRecordHasOneFinalAndTheBooksBalance) {
  QueueFixture at([](Options& options) {
    options.feeder.max_resident_records = 2000;
    options.feeder.first_run = 16;
  });
  constexpr Row kRows = 20'000;
  std::mutex mutex;
  std::map<Row, int> finals;
  FakeWorker worker(
      *at.queue, at.clock,
      [&](const Record& record, Settlement& settlement) {
        const std::lock_guard lock(mutex);
        if (record.key.row % 4 != 0 || record.value.trail.attempts > 0) {
          ++finals[record.key.row];
          return;
        }
        settlement.kind = EventKind::deferred;
        settlement.trail.attempts = 1;
        settlement.due = to_due_second(at.clock.now() + std::chrono::milliseconds(record.key.row % 3000));
      },
      8, 2);
  at.queue->start({&worker});
  worker.start();
  const auto stream = at.stream("busy");
  for (Row row = 0; row < kRows; row += 1000) at.inject(stream, row, row + 1000, 150);
  std::mt19937 random(7);  // NOLINT: the same edits in every run
  EditReport deleted;
  EditReport changed;
  for (int round = 0; round < 60; ++round) {
    auto keys = keys_of(*at.queue, stream);
    if (keys.empty()) break;
    const auto from = random() % keys.size();
    keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(from));
    if (keys.size() > 200) keys.resize(200);
    const Edit kinds[] = {Edit::hold, Edit::release, Edit::flush, Edit::requeue, Edit::hold, Edit::erase};
    const auto kind = kinds[random() % 6];
    auto report = at.queue->edit(kind, keys);
    ASSERT_TRUE(report);
    (kind == Edit::erase ? deleted : changed).add(*report);
  }
  EXPECT_GT(deleted.edited, 0U);
  EXPECT_GT(changed.edited, 0U);
  EXPECT_TRUE(eventually([&] {
    edit_all(*at.queue, stream, Edit::release);
    edit_all(*at.queue, stream, Edit::flush);
    return at.queue->counters(stream->id).queued() == 0;
  }));
  worker.stop();
  const auto counters = at.queue->counters(stream->id);
  EXPECT_EQ(counters.injected, kRows);
  EXPECT_EQ(counters.cancelled, deleted.edited);
  EXPECT_EQ(counters.delivered, kRows - deleted.edited);
  EXPECT_EQ(counters.held, 0U);
  EXPECT_EQ(counters.retries_waiting, 0U);
  EXPECT_EQ(finals.size(), kRows - deleted.edited);
  for (const auto& [row, count] : finals) ASSERT_EQ(count, 1) << row;
  EXPECT_TRUE(eventually([&] { return at.queue->feeder().stats().resident_records == 0; }));
}

}  // namespace
}  // namespace sluice::queue
