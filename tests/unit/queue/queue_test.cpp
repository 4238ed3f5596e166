#include "queue/queue.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <set>

#include "queue/event_log.hpp"
#include "queue/families.hpp"
#include "tests/unit/queue/fake_worker.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

/// A folder of its own, removed afterwards.
struct Folder {
  Folder() {
    char name[] = "/tmp/sluice-queue-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

Options options_in(const Folder& folder) {
  Options options;
  options.store.path = folder.path / "store";
  options.in_doubt_delay = std::chrono::seconds(1);
  return options;
}

StreamPtr make_stream(Queue& queue, const std::string& name) {
  StreamSettings settings;
  settings.name = name;
  auto stream = queue.create_stream(settings, {{"template", "Hello"}});
  EXPECT_TRUE(stream) << stream.error().text;
  return *stream;
}

void inject(Queue& queue, const StreamPtr& stream, Row from, Row to, unsigned domains, const Clock& clock) {
  auto injection = std::make_unique<Injection>(stream);
  for (Row row = from; row < to; ++row) {
    injection->add(row, "d" + std::to_string(row % domains) + ".test", "u" + std::to_string(row),
                   to_ms(clock.now()), "payload");
  }
  injection->set_checkpoint(std::to_string(to));
  injection->seal();
  std::promise<void> done;
  queue.inject(std::move(injection), store::Urgency::now, [&](const Expected<>& result) {
    EXPECT_TRUE(result);
    done.set_value();
  });
  done.get_future().wait();
}

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // polls a condition; 30 s bound
  }
  return false;
}

void delivered(const Record&, Settlement&) {}

TEST(Queue, EveryRecordIsAttemptedOnceAndSettled) {
  const Folder folder;
  const SystemClock clock;
  auto queue = Queue::open(options_in(folder), clock);
  ASSERT_TRUE(queue) << queue.error().text;
  std::map<Row, int> seen;
  FakeWorker worker(**queue, clock, [&](const Record& record, Settlement&) { ++seen[record.key.row]; });
  (*queue)->start({&worker});
  worker.start();
  const auto stream = make_stream(**queue, "one");
  for (Row row = 0; row < 20'000; row += 2000) inject(**queue, stream, row, row + 2000, 300, clock);
  EXPECT_TRUE(eventually([&] { return (*queue)->counters(stream->id).delivered == 20'000; }));
  const auto counters = (*queue)->counters(stream->id);
  EXPECT_EQ(counters.injected, 20'000U);
  EXPECT_EQ(counters.queued(), 0U);
  worker.stop();
  (*queue)->stop();
  EXPECT_EQ(seen.size(), 20'000U);
  for (const auto& [row, times] : seen) ASSERT_EQ(times, 1) << row;
}

TEST(Queue, ALaneLongerThanItsWindowIsReadToItsEnd) {
  const Folder folder;
  const SystemClock clock;
  auto options = options_in(folder);
  options.feeder.max_resident_records = 500;
  options.feeder.page_records = 64;
  options.feeder.first_run = 8;
  auto queue = Queue::open(options, clock);
  ASSERT_TRUE(queue);
  FakeWorker worker(**queue, clock, delivered, 16, 1);
  (*queue)->start({&worker});
  worker.start();
  const auto stream = make_stream(**queue, "giant");
  inject(**queue, stream, 0, 30'000, 1, clock);
  inject(**queue, stream, 30'000, 31'000, 50, clock);
  EXPECT_TRUE(eventually([&] { return (*queue)->counters(stream->id).delivered == 31'000; }));
  worker.stop();
  (*queue)->stop();
}

TEST(Queue, ADeferredRecordComesBackWhenDueWithItsTrail) {
  const Folder folder;
  const SystemClock clock;
  auto queue = Queue::open(options_in(folder), clock);
  ASSERT_TRUE(queue);
  std::atomic<int> early{0};
  FakeWorker worker(**queue, clock, [&](const Record& record, Settlement& settlement) {
    if (record.value.trail.attempts == 2) return;
    if (record.key.due != 0 && clock.now() < to_instant(record.key.due)) ++early;
    settlement.kind = EventKind::deferred;
    settlement.trail.attempts = static_cast<std::uint16_t>(record.value.trail.attempts + 1);
    settlement.trail.source = 7;
    settlement.due = to_due_second(clock.now() + std::chrono::milliseconds(200));
  });
  (*queue)->start({&worker});
  worker.start();
  const auto stream = make_stream(**queue, "grey");
  inject(**queue, stream, 0, 1000, 10, clock);
  EXPECT_TRUE(eventually([&] { return (*queue)->counters(stream->id).delivered == 1000; }));
  const auto counters = (*queue)->counters(stream->id);
  EXPECT_EQ(counters.deferrals, 2000U);
  EXPECT_EQ(counters.retries_waiting, 0U);
  EXPECT_EQ(early, 0);
  EXPECT_EQ(worker.attempts(), 3000U);
  worker.stop();
  (*queue)->stop();
}

TEST(Queue, RetriesOfMoreDomainsThanLanesFitInMemoryAllComeBack) {
  const Folder folder;
  const SystemClock clock;
  auto options = options_in(folder);
  options.feeder.max_resident_lanes = 16;
  auto queue = Queue::open(options, clock);
  ASSERT_TRUE(queue);
  FakeWorker worker(**queue, clock, [&](const Record& record, Settlement& settlement) {
    if (record.value.trail.attempts == 1) return;
    settlement.kind = EventKind::deferred;
    settlement.trail.attempts = 1;
    settlement.due = to_due_second(clock.now() + std::chrono::milliseconds(1500));
  });
  (*queue)->start({&worker});
  worker.start();
  const auto stream = make_stream(**queue, "wide");
  inject(**queue, stream, 0, 2000, 500, clock);
  EXPECT_TRUE(eventually([&] { return (*queue)->counters(stream->id).delivered == 2000; }));
  worker.stop();
  (*queue)->stop();
}

TEST(Queue, PauseStopsAndResumeGoesOn) {
  const Folder folder;
  const SystemClock clock;
  auto queue = Queue::open(options_in(folder), clock);
  ASSERT_TRUE(queue);
  FakeWorker worker(**queue, clock, delivered, 4, 1);
  (*queue)->start({&worker});
  worker.start();
  const auto stream = make_stream(**queue, "p");
  inject(**queue, stream, 0, 20'000, 100, clock);
  ASSERT_TRUE((*queue)->set_state(stream, StreamState::paused, "test"));
  const auto after_pause = worker.attempts();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // what must not happen has time to happen
  EXPECT_LE(worker.attempts(), after_pause + 8) << "only leases granted before the pause may still go";
  EXPECT_EQ((*queue)->counters(stream->id).queued() > 0, true);
  EXPECT_FALSE((*queue)->set_state(stream, StreamState::cancelled, "no"))
      << "paused cannot jump to cancelled";
  ASSERT_TRUE((*queue)->set_state(stream, StreamState::running, "test"));
  EXPECT_TRUE(eventually([&] { return (*queue)->counters(stream->id).delivered == 20'000; }));
  worker.stop();
  (*queue)->stop();
}

TEST(Queue, CancelGivesEveryRecipientExactlyOneFinal) {
  const Folder folder;
  const SystemClock clock;
  auto queue = Queue::open(options_in(folder), clock);
  ASSERT_TRUE(queue);
  FakeWorker worker(
      **queue, clock,
      [&](const Record& record, Settlement& settlement) {
        if (record.key.row % 3 != 0) return;
        settlement.kind = EventKind::deferred;
        settlement.due = to_due_second(clock.now() + std::chrono::hours(1));
      },
      8, 2);
  (*queue)->start({&worker});
  worker.start();
  const auto stream = make_stream(**queue, "c");
  inject(**queue, stream, 0, 20'000, 100, clock);
  ASSERT_TRUE(eventually([&] { return worker.attempts() > 200; }));
  ASSERT_TRUE((*queue)->set_state(stream, StreamState::cancelling, "operator"));
  ASSERT_TRUE(eventually([&] {
    auto swept = (*queue)->sweep_cancelled(stream, 1000);
    return swept && *swept;
  }));
  worker.stop();
  const auto counters = (*queue)->counters(stream->id);
  EXPECT_EQ(stream->state(), StreamState::cancelled);
  EXPECT_EQ(counters.queued(), 0U);
  EXPECT_EQ(counters.delivered + counters.cancelled, 20'000U);
  auto log = EventLog::open(**queue, {.folder = folder.path / "events"});
  ASSERT_TRUE(log);
  while (*log->export_page() > 0) {
  }
  std::set<std::string> finals;
  std::ifstream in(event_files(folder.path / "events").front());
  std::uint64_t expected = 1;
  for (std::string line; std::getline(in, line); ++expected) {
    ASSERT_NE(line.find("\"seq\":" + std::to_string(expected) + ","), std::string::npos) << line;
    if (line.find("\"event\":\"delivered\"") == std::string::npos &&
        line.find("\"event\":\"cancelled\"") == std::string::npos) {
      continue;
    }
    const auto at = line.find("\"id\":\"");
    ASSERT_TRUE(finals.insert(line.substr(at + 6, 26)).second) << "a second final: " << line;
  }
  EXPECT_EQ(finals.size(), 20'000U);
  (*queue)->stop();
}

TEST(Queue, AnUnsettledLeaseIsInDoubtAfterReopeningAndNothingElseIs) {
  const Folder folder;
  const SystemClock clock;
  StreamId id = 0;
  {
    auto queue = Queue::open(options_in(folder), clock);
    ASSERT_TRUE(queue);
    // A worker that never settles: its leases stay open when the queue closes.
    class Hoarder final : public RunReceiver {
     public:
      explicit Hoarder(Queue& queue) : queue_(queue) {}
      void on_runs(std::vector<queue::Run> runs) override {
        if (leased.exchange(true)) return;
        const auto& run = runs.front();
        std::vector<Held> held;
        for (std::uint32_t i = 0; i < std::min(run.count, 5U); ++i) held.push_back(run.held(i));
        queue_.lease(std::move(held),
                     [this](const Expected<>&, std::vector<Held>, std::vector<Held>) { synced.set_value(); });
      }
      void on_stream_changed(StreamPtr) override {}
      std::atomic<bool> leased{false};
      std::promise<void> synced;

     private:
      Queue& queue_;
    } hoarder(**queue);
    (*queue)->start({&hoarder});
    const auto stream = make_stream(**queue, "d");
    id = stream->id;
    inject(**queue, stream, 0, 100, 1, clock);
    hoarder.synced.get_future().wait();
    (*queue)->stop();
  }
  auto queue = Queue::open(options_in(folder), clock);
  ASSERT_TRUE(queue);
  EXPECT_EQ((*queue)->recovery().in_doubt, 5U);
  EXPECT_EQ((*queue)->recovery().queued, 100U);
  EXPECT_EQ((*queue)->counters(id).doubts, 5U);
  std::set<Row> again;
  FakeWorker worker(**queue, clock, [&](const Record& record, Settlement&) {
    if (record.value.trail.attempts == 1) again.insert(record.key.row);
  });
  (*queue)->start({&worker});
  worker.start();
  EXPECT_TRUE(eventually([&] { return (*queue)->counters(id).delivered == 100; }));
  worker.stop();
  (*queue)->stop();
  EXPECT_EQ(again, (std::set<Row>{0, 1, 2, 3, 4}));
}

TEST(Queue, ReopensWithStreamsCountersCheckpointAndContent) {
  const Folder folder;
  const SystemClock clock;
  StreamId id = 0;
  {
    auto queue = Queue::open(options_in(folder), clock);
    ASSERT_TRUE(queue);
    FakeWorker worker(**queue, clock, delivered);
    (*queue)->start({&worker});
    worker.start();
    const auto stream = make_stream(**queue, "kept");
    id = stream->id;
    ASSERT_TRUE((*queue)->set_state(stream, StreamState::paused, "test"));
    inject(**queue, stream, 0, 500, 7, clock);
    worker.stop();
    (*queue)->stop();
  }
  auto queue = Queue::open(options_in(folder), clock);
  ASSERT_TRUE(queue);
  const auto stream = (*queue)->streams().find("default", "kept");
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->id, id);
  EXPECT_EQ(stream->state(), StreamState::paused);
  EXPECT_EQ((*queue)->counters(id).queued(), 500U);
  EXPECT_EQ(*(*queue)->checkpoint(id), "500");
  EXPECT_EQ((*queue)->content(id, "template")->value(), "Hello");
  EXPECT_FALSE((*queue)->content(id, "absent")->has_value());
}

TEST(Queue, ANewerFormatIsRefused) {
  const Folder folder;
  const SystemClock clock;
  {
    auto queue = Queue::open(options_in(folder), clock);
    ASSERT_TRUE(queue);
    auto batch = (*queue)->database().make_batch();
    batch.put(0, "format", std::string_view("\0\0\0\x63", 4));
    ASSERT_TRUE((*queue)->database().write_synced(batch));
  }
  auto queue = Queue::open(options_in(folder), clock);
  ASSERT_FALSE(queue);
  EXPECT_NE(queue.error().text.find("has format 99"), std::string::npos) << queue.error().text;
}

TEST(Queue, ADamagedRecordIsSetAsideAndTheRestGoesOn) {
  const Folder folder;
  const SystemClock clock;
  auto queue = Queue::open(options_in(folder), clock);
  ASSERT_TRUE(queue);
  FakeWorker worker(**queue, clock, delivered);
  (*queue)->start({&worker});
  worker.start();
  const auto stream = make_stream(**queue, "hurt");
  ASSERT_TRUE((*queue)->set_state(stream, StreamState::paused, "test"));
  inject(**queue, stream, 0, 100, 3, clock);
  auto batch = (*queue)->database().make_batch();
  const auto key = RecordKey{stream->id, Phase::first, 0, "d1.test", 4}.encode();
  batch.put(kRecords, key, "not a record");
  ASSERT_TRUE((*queue)->database().write_synced(batch));
  ASSERT_TRUE((*queue)->set_state(stream, StreamState::running, "test"));
  EXPECT_TRUE(eventually([&] { return (*queue)->counters(stream->id).queued() == 0; }));
  EXPECT_EQ((*queue)->counters(stream->id).delivered, 99U);
  EXPECT_EQ((*queue)->counters(stream->id).bounced, 1U);
  EXPECT_EQ((*queue)->database().get(kDamaged, key)->value(), "not a record");
  worker.stop();
  (*queue)->stop();
}

}  // namespace
}  // namespace sluice::queue
