#include "queue/event_log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/queue/fake_worker.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A queue that only takes events, and the log that exports them.
class EventLogTest : public testing::Test {
 protected:
  EventLogTest() {
    char name[] = "/tmp/sluice-events-XXXXXX";
    folder_ = ::mkdtemp(name);
    options_.folder = (folder_ / "events").string();
    open();
  }
  ~EventLogTest() override {
    close();
    fs::remove_all(folder_);
  }

  void open() {
    Options options;
    options.store.path = folder_ / "store";
    auto queue = Queue::open(options, clock_);
    ASSERT_TRUE(queue) << queue.error().text;
    queue_ = std::move(*queue);
    worker_ = std::make_unique<FakeWorker>(*queue_, clock_, [](const Record&, Settlement&) {});
    queue_->start({worker_.get()});
  }
  void close() {
    if (queue_) queue_->stop();
    worker_.reset();
    queue_.reset();
  }
  Expected<EventLog> log() { return EventLog::open(*queue_, options_); }

  /// Records so many events and waits until they are committed.
  void record(int count) {
    const auto before = queue_->ledger().committed_seq();
    for (int i = 0; i < count; ++i) {
      Event event;
      event.kind = EventKind::alert;
      event.time_ms = 1'764'104'400'000;
      event.detail = "event";
      std::string encoded;
      event.append_to(encoded);
      queue_->record_event(std::move(encoded));
    }
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (queue_->ledger().committed_seq() < before + static_cast<std::uint64_t>(count)) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit);
      std::this_thread::yield();
    }
  }
  static void export_all(EventLog& log) {
    for (;;) {
      const auto exported = log.export_page();
      ASSERT_TRUE(exported) << exported.error().text;
      if (*exported == 0) return;
    }
  }
  /// "seq" of every line of every file, in order; 0 for a line without one.
  std::vector<std::uint64_t> seqs() const {
    std::vector<std::uint64_t> out;
    for (const auto& file : event_files(options_.folder)) {
      std::ifstream in(file);
      for (std::string line; std::getline(in, line);) {
        const auto at = line.find("\"seq\":");
        out.push_back(at == std::string::npos || line.back() != '}' ? 0 : std::stoull(line.substr(at + 6)));
      }
    }
    return out;
  }
  static std::string contents(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::vector<std::uint64_t> up_to(std::uint64_t last) {
    std::vector<std::uint64_t> out;
    for (std::uint64_t seq = 1; seq <= last; ++seq) out.push_back(seq);
    return out;
  }

  fs::path folder_;
  EventLogOptions options_;
  SystemClock clock_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<FakeWorker> worker_;
};

TEST_F(EventLogTest, EachEventIsOneLineInOrder) {
  auto log = this->log();
  ASSERT_TRUE(log);
  record(100);
  export_all(*log);
  EXPECT_EQ(seqs(), up_to(100));
  EXPECT_EQ(log->exported(), 100U);
}

TEST_F(EventLogTest, TheObserverSeesEachEventOnceAfterItsLine) {
  options_.page_events = 7;
  auto log = this->log();
  ASSERT_TRUE(log);
  std::vector<std::uint64_t> seen;
  log->set_observer([&](std::uint64_t seq, const Event& event) {
    EXPECT_EQ(event.detail, "event");
    EXPECT_GE(seqs().size(), seq) << "told before its line was written";
    seen.push_back(seq);
  });
  record(20);
  export_all(*log);
  EXPECT_EQ(seen, up_to(20));
}

TEST_F(EventLogTest, GoesOnWhereItEndedAndCutsATornLine) {
  {
    auto log = this->log();
    ASSERT_TRUE(log);
    record(10);
    export_all(*log);
  }
  std::ofstream(event_files(options_.folder).back(), std::ios::app) << R"({"v":1,"seq":11,"ti)";
  close();
  open();
  auto log = this->log();
  ASSERT_TRUE(log) << log.error().text;
  EXPECT_EQ(log->exported(), 10U);
  record(5);
  export_all(*log);
  EXPECT_EQ(seqs(), up_to(15));
}

TEST_F(EventLogTest, AHoleThatPowerLossLeftIsCutThereAndExportedAgain) {
  options_.file_bytes = 500;  // several files
  options_.page_events = 4;
  {
    auto log = this->log();
    ASSERT_TRUE(log);
    record(40);
    export_all(*log);
  }
  const auto files = event_files(options_.folder);
  ASSERT_GT(files.size(), 3U);
  std::string whole;
  for (const auto& file : files) whole += contents(file);
  const auto holed = files[files.size() - 3];
  for (const auto& damage : {std::string(200, '\0'), std::string(200, '\x01'), std::string(200, '\n')}) {
    std::fstream(holed, std::ios::in | std::ios::out).seekp(20).write(damage.data(), 200);
    close();
    open();
    auto log = this->log();
    ASSERT_TRUE(log) << log.error().text;
    EXPECT_EQ(log->exported(), first_seq_of(holed) - 1);
    export_all(*log);
    std::string again;
    for (const auto& file : event_files(options_.folder)) again += contents(file);
    EXPECT_EQ(again, whole);
  }
}

TEST_F(EventLogTest, ACrashBetweenLineAndTrimRepeatsNoLine) {
  {
    auto log = this->log();
    ASSERT_TRUE(log);
    record(10);
    export_all(*log);  // far from trim_every: the outbox still has all of them
  }
  auto again = this->log();
  ASSERT_TRUE(again);
  export_all(*again);
  EXPECT_EQ(seqs(), up_to(10));
}

TEST_F(EventLogTest, MissingFilesAreNamed) {
  options_.trim_every = 1;
  {
    auto log = this->log();
    ASSERT_TRUE(log);
    record(10);
    export_all(*log);
    record(1);
    export_all(*log);  // and the commits of both trims are behind us when the next one is
    record(1);
  }
  fs::remove_all(options_.folder);
  fs::create_directories(options_.folder);
  std::ofstream(fs::path(options_.folder) / "events-00000000000000000001.jsonl")
      << R"({"v":1,"seq":1,"event":"alert"})" << '\n';
  const auto log = this->log();
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::corrupt);
  EXPECT_NE(log.error().text.find("are missing"), std::string::npos) << log.error().text;
}

TEST_F(EventLogTest, ANewFileBeginsAtTheSize) {
  options_.file_bytes = 500;
  options_.page_events = 4;
  auto log = this->log();
  ASSERT_TRUE(log);
  record(40);
  export_all(*log);
  const auto files = event_files(options_.folder);
  EXPECT_GT(files.size(), 3U);
  EXPECT_EQ(first_seq_of(files.front()), 1U);
  EXPECT_EQ(seqs(), up_to(40));
}

TEST_F(EventLogTest, OldFilesGoAndTheOneBeingWrittenStays) {
  options_.file_bytes = 500;
  options_.page_events = 4;
  auto log = this->log();
  ASSERT_TRUE(log);
  record(40);
  export_all(*log);
  const auto before = event_files(options_.folder);
  log->expire_files(fs::file_time_type::clock::now());
  EXPECT_EQ(event_files(options_.folder), before) << "young and small";
  log->expire_files(fs::file_time_type::clock::now() + options_.keep_for + 1h);
  EXPECT_EQ(event_files(options_.folder), std::vector{before.back()});
}

TEST_F(EventLogTest, TheOldestGoBeyondTheSize) {
  options_.file_bytes = 500;
  options_.page_events = 4;
  options_.keep_bytes = 1500;
  auto log = this->log();
  ASSERT_TRUE(log);
  record(80);
  export_all(*log);
  const auto before = event_files(options_.folder);
  log->expire_files(fs::file_time_type::clock::now());
  const auto after = event_files(options_.folder);
  EXPECT_LT(after.size(), before.size());
  EXPECT_EQ(after.back(), before.back());
  std::uint64_t total = 0;
  for (const auto& file : after) total += fs::file_size(file);
  EXPECT_LE(total, options_.keep_bytes);
}

/// A delivery of this row of stream 7.
std::string delivery(Row row) {
  Event event;
  event.kind = EventKind::delivered;
  event.time_ms = 1000 + static_cast<std::int64_t>(row);
  event.stream = 7;
  event.id = MessageId::make(from_ms(500), 0, 7, row);
  event.source = "a";
  const auto recipient = "u" + std::to_string(row) + "@d.test";
  event.recipient = recipient;
  std::string encoded;
  event.append_to(encoded);
  return encoded;
}

TEST_F(EventLogTest, ADeliveryIsFoundByItsRowBeforeAndAfterTheTrimAndAfterAReopening) {
  options_.trim_every = 100;
  {
    auto log = this->log();
    ASSERT_TRUE(log) << log.error().text;
    for (Row row = 0; row < 250; ++row) queue_->record_event(delivery(row * 7 % 250));
    record(1);
    export_all(*log);
    record(1);  // behind the trim in the order of commits
    for (Row row = 0; row < 250; ++row) {
      const auto found = log->sent().find(7, row);
      ASSERT_TRUE(found && *found) << row;
      EXPECT_EQ(**found, (SentEntry{1000 + static_cast<std::int64_t>(row), "a",
                                    "u" + std::to_string(row) + "@d.test"}));
    }
    EXPECT_FALSE(log->sent().find(7, 250)->has_value());
    EXPECT_FALSE(log->sent().find(6, 1)->has_value());
    for (Row row = 300; row < 310; ++row) queue_->record_event(delivery(row));
    record(1);
    export_all(*log);
    EXPECT_TRUE(log->sent().find(7, 305)->has_value()) << "not trimmed yet";
    EXPECT_LE(log->sent().size(), 100U) << "what was trimmed takes no memory";
  }
  close();
  open();
  auto log = this->log();
  ASSERT_TRUE(log) << log.error().text;
  EXPECT_TRUE(log->sent().find(7, 305)->has_value()) << "gathered again from the outbox";
  EXPECT_TRUE(log->sent().find(7, 3)->has_value());
}

TEST_F(EventLogTest, WhatWasToldOfADeliveryOutlivesItsTrimAndAReopening) {
  options_.trim_every = 100;
  const auto tell = [&](EventLog& log, Row row, std::uint8_t bit) {
    auto found = log.sent().find(7, row);
    ASSERT_TRUE(found && *found) << row;
    (*found)->told |= bit;
    ASSERT_TRUE(queue_->keep_now({{}, {}, {{7, row, **found}}}));
  };
  const auto told = [](EventLog& log, Row row) {
    const auto found = log.sent().find(7, row);
    return found && *found ? (*found)->told : 0xff;
  };
  {
    auto log = this->log();
    ASSERT_TRUE(log) << log.error().text;
    for (Row row = 0; row < 50; ++row) queue_->record_event(delivery(row));
    record(1);
    export_all(*log);
    for (Row row = 0; row < 50; row += 2) tell(*log, row, kToldReturned);
    tell(*log, 4, kToldComplaint);
    for (Row row = 50; row < 150; ++row) queue_->record_event(delivery(row));
    record(1);
    export_all(*log);  // all of them go into the store, but for those that were told of
    record(1);
    tell(*log, 140, kToldReturned);
    for (Row row = 200; row < 250; ++row) queue_->record_event(delivery(row));
    record(1);
    export_all(*log);
    tell(*log, 210, kToldReturned);
  }
  close();
  open();
  auto log = this->log();
  ASSERT_TRUE(log) << log.error().text;
  for (Row row = 250; row < 400; ++row) queue_->record_event(delivery(row));
  record(1);
  export_all(*log);  // another trim, after the reopening
  record(1);
  for (Row row = 0; row < 50; ++row)
    EXPECT_EQ(told(*log, row), row == 4       ? kToldReturned | kToldComplaint
                               : row % 2 == 0 ? kToldReturned
                                              : 0)
        << row;
  for (Row row = 50; row < 150; ++row) EXPECT_EQ(told(*log, row), row == 140 ? kToldReturned : 0) << row;
  for (Row row = 200; row < 250; ++row) EXPECT_EQ(told(*log, row), row == 210 ? kToldReturned : 0) << row;
}

}  // namespace
}  // namespace sluice::queue
