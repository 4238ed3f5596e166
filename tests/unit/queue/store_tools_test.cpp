// check, backup, restore and repair over real files, whole and damaged.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <thread>

#include "engine/base/bytes.hpp"
#include "engine/store/folder_lock.hpp"
#include "engine/store/segments.hpp"
#include "queue/backup.hpp"
#include "queue/body_refs.hpp"
#include "queue/event_log.hpp"
#include "queue/families.hpp"
#include "queue/repair.hpp"
#include "tests/unit/queue/fake_worker.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_bytes(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void delivered(const Record&, Settlement& settlement) { settlement.kind = EventKind::delivered; }

/// Runs on as the real one does, from where the test puts it.
class SteppedClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return real_.now() + Micros(offset_.load()); }
  void step(std::chrono::seconds by) { offset_ += std::chrono::duration_cast<Micros>(by).count(); }

 private:
  SystemClock real_;
  std::atomic<std::int64_t> offset_{0};
};

/// Bytes that do not compress, so that the records' table is the largest.
std::string noise(std::size_t count) {
  static std::mt19937 random(7);
  std::string out;
  while (out.size() < count) out.push_back(static_cast<char>(random()));
  return out;
}

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // polls a condition; 30 s bound
  }
  return false;
}

class StoreTools : public testing::Test {
 protected:
  StoreTools() {
    char name[] = "/tmp/sluice-tools-XXXXXX";
    folder_ = ::mkdtemp(name);
    folders_ = DataFolders::below(folder_);
    options_.store.path = folders_.store;
  }
  ~StoreTools() override {
    close();
    fs::remove_all(folder_);
  }

  void open() {
    auto opened = Queue::open(options_, clock_);
    ASSERT_TRUE(opened) << opened.error().text;
    queue_ = std::move(*opened);
    worker_ = std::make_unique<FakeWorker>(*queue_, clock_, delivered);
  }
  void start() { queue_->start({worker_.get()}); }
  void close() {
    if (worker_) worker_->stop();
    if (queue_) queue_->stop();
    worker_.reset();
    queue_.reset();
  }
  StreamPtr make_stream(const std::string& name, StreamKind kind = StreamKind::campaign) {
    StreamSettings settings;
    settings.name = name;
    settings.kind = kind;
    auto stream = queue_->create_stream(settings, {{"source", "Hello"}});
    EXPECT_TRUE(stream);
    return *stream;
  }
  void inject(const StreamPtr& stream, Row from, Row to) {
    auto injection = std::make_unique<Injection>(stream);
    for (Row row = from; row < to; ++row) {
      injection->add(row, "d" + std::to_string(row % 7) + ".test", "u" + std::to_string(row),
                     to_ms(clock_.now()), noise(200));
    }
    std::string checkpoint;
    put_be<8>(checkpoint, to);
    injection->set_checkpoint(checkpoint);
    injection->seal();
    std::promise<void> done;
    queue_->inject(std::move(injection), store::Urgency::now, [&](const Expected<>& result) {
      EXPECT_TRUE(result);
      done.set_value();
    });
    done.get_future().wait();
  }
  /// A store of `rows` queued records of one campaign, in tables, closed.
  void make_store(Row rows) {
    open();
    start();
    inject(make_stream("autumn"), 0, rows);
    EXPECT_TRUE(queue_->database().flush());
    close();
  }
  void export_all() {
    auto log = EventLog::open(*queue_, {.folder = folders_.events});
    ASSERT_TRUE(log) << log.error().text;
    for (;;) {
      const auto exported = log->export_page();
      ASSERT_TRUE(exported) << exported.error().text;
      if (*exported == 0) return;
    }
  }
  [[nodiscard]] CheckReport check(const std::string& below = {}) const {
    const auto folders = below.empty() ? folders_ : DataFolders::below(below);
    store::Options options;
    options.path = folders.store;
    auto database = store::Database::open_read_only(options, family_names());
    if (!database) {
      CheckReport unreadable;
      unreadable.rows.push_back({"open", 0, 1, database.error().text});
      return unreadable;
    }
    return check_store(**database, folders);
  }
  /// Changes rows as a bug or a bad disk might.
  void meddle(const std::function<void(store::Batch&)>& change) {
    auto database = store::Database::open(options_.store, family_names());
    ASSERT_TRUE(database) << database.error().text;
    auto batch = (*database)->make_batch();
    change(batch);
    ASSERT_TRUE((*database)->write_synced(batch));
    ASSERT_TRUE((*database)->flush());
  }
  [[nodiscard]] Expected<RepairReport> repair(bool accept_loss = false) {
    return repair_store(options_.store, folders_, {accept_loss}, clock_.now());
  }
  /// The table with the most bytes: the records'.
  [[nodiscard]] fs::path largest_table() const {
    fs::path out;
    for (const auto& entry : fs::directory_iterator(folders_.store)) {
      if (entry.path().extension() != ".sst") continue;
      if (out.empty() || fs::file_size(entry.path()) > fs::file_size(out)) out = entry.path();
    }
    return out;
  }
  void damage(const fs::path& file, double where) {
    auto bytes = bytes_of(file);
    bytes[static_cast<std::size_t>(static_cast<double>(bytes.size()) * where)] ^= 0x55;
    put_bytes(file, bytes);
  }
  static std::string told(const CheckReport& report) {
    std::string out;
    for (const auto& row : report.rows) {
      if (row.wrong > 0) out += row.what + ": " + row.detail + "\n";
    }
    return out;
  }

  std::string folder_;
  DataFolders folders_;
  Options options_;
  SteppedClock clock_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<FakeWorker> worker_;
};

RecordKey first_key() { return {1, Phase::first, 0, "d0.test", 0}; }

TEST_F(StoreTools, ASoundStoreIsFoundSound) {
  make_store(1000);
  const auto report = check();
  EXPECT_EQ(report.wrong(), 0u) << told(report);
  EXPECT_EQ(report.row("records")->found, 1000u);
  EXPECT_EQ(report.row("streams")->found, 1u);
  const auto repaired = repair();
  ASSERT_TRUE(repaired) << repaired.error().text;
  EXPECT_TRUE(repaired->steps.empty()) << repaired->steps.front().what;
}

TEST_F(StoreTools, ARecordThatDoesNotDecodeIsFoundSetAsideAndFinal) {
  make_store(100);
  meddle([](store::Batch& batch) { batch.put(kRecords, first_key().encode(), "garbage"); });
  const auto report = check();
  EXPECT_EQ(report.row("records")->wrong, 1u);
  EXPECT_NE(report.row("records")->detail.find(hex(first_key().encode())), std::string::npos);
  ASSERT_TRUE(repair());
  EXPECT_EQ(check().wrong(), 0u) << told(check());
  EXPECT_EQ(check().row("set aside")->found, 1u);
  open();
  EXPECT_EQ(queue_->counters(1).bounced, 1u);
  EXPECT_EQ(queue_->counters(1).queued(), 99u);
}

TEST_F(StoreTools, AccountsThatDoNotAgreeAreFoundAndSet) {
  make_store(100);
  meddle([](store::Batch& batch) {
    Counters wrong;
    wrong.injected = 70;
    std::string key, value;
    put_be<4>(key, 1);
    wrong.append_to(value);
    batch.put(kCounters, key, value);
  });
  EXPECT_EQ(check().row("counters")->wrong, 1u);
  ASSERT_TRUE(repair());
  EXPECT_EQ(check().wrong(), 0u) << told(check());
}

TEST_F(StoreTools, ARecordBelowItsMarkIsFoundAndTheMarkLowered) {
  make_store(100);
  meddle([](store::Batch& batch) {
    batch.put(kMarks, std::string("\0\0\0\1\0", 5), phase_end(1, Phase::first));
  });
  EXPECT_EQ(check().row("marks")->wrong, 1u);
  ASSERT_TRUE(repair());
  EXPECT_EQ(check().wrong(), 0u) << told(check());
}

TEST_F(StoreTools, RowsOfEveryFamilyAreLookedAt) {
  make_store(10);
  meddle([](store::Batch& batch) {
    batch.put(kLeases, "block", "x");
    batch.put(kOutbox, std::string("\0\0\0\0\0\0\x27\x0f", 8), "x");
    batch.put(kSent, "short", "x");
    batch.put(kBodies, body_ref_key(std::string(12, '\1'), 1, 5), {});
    batch.put(kStreams, std::string("\0\0\0\2", 4), "x");
  });
  const auto report = check();
  for (const auto* what : {"leases", "outbox", "sent", "stored bodies", "streams"})
    EXPECT_GT(report.row(what)->wrong, 0u) << what;
}

TEST_F(StoreTools, EventsThatAreMissingAreFoundAndReplaced) {
  make_store(10);
  std::string middle;
  put_be<8>(middle, 3);
  open();
  start();
  for (int i = 0; i < 5; ++i) inject(make_stream("s" + std::to_string(i)), 0, 1);
  close();
  meddle([&](store::Batch& batch) { batch.erase(kOutbox, middle); });
  EXPECT_EQ(check().row("outbox")->wrong, 1u);
  open();
  auto log = EventLog::open(*queue_, {.folder = folders_.events});
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->export_page()) << "a gap in the feed is not passed over silently";
  close();
  ASSERT_TRUE(repair());
  EXPECT_EQ(check().wrong(), 0u) << told(check());
  open();
  export_all();
}

TEST_F(StoreTools, ADamagedTableIsNamedAndRepairedOnlyWhenTheLossIsAccepted) {
  make_store(20'000);
  const auto table = largest_table();
  damage(table, 0.3);
  const auto report = check();
  EXPECT_NE(told(report).find(table.filename()), std::string::npos) << told(report);
  const auto refused = repair();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_NE(refused.error().text.find("--accept-loss"), std::string::npos);
  const auto repaired = repair(true);
  ASSERT_TRUE(repaired) << repaired.error().text;
  EXPECT_TRUE(fs::exists(fs::path(repaired->aside) / table.filename()));
  const auto after = check();
  EXPECT_EQ(after.wrong(), 0u) << told(after);
  const auto left = after.row("records")->found;
  EXPECT_LT(left, 20'000u);
  open();
  EXPECT_EQ(queue_->counters(1).bounced, 20'000 - left) << "every lost recipient has a final";
  EXPECT_EQ(queue_->counters(1).queued(), left);
  close();
  const auto again = repair();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->steps.empty()) << again->steps.front().what;
}

TEST_F(StoreTools, AManifestThatIsDamagedCostsNoRecord) {
  make_store(2000);
  for (const auto& entry : fs::directory_iterator(folders_.store)) {
    if (entry.path().filename().string().starts_with("MANIFEST")) damage(entry.path(), 0.5);
  }
  const auto opened = Queue::open(options_, clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << opened.error().text;
  EXPECT_NE(opened.error().text.find("store repair"), std::string::npos) << opened.error().text;
  EXPECT_FALSE(repair());
  const auto repaired = repair(true);
  ASSERT_TRUE(repaired) << repaired.error().text;
  EXPECT_EQ(check().wrong(), 0u) << told(check());
  open();
  EXPECT_EQ(queue_->counters(1).queued(), 2000u);
}

TEST_F(StoreTools, RowsThatKeepTheStoreFromOpeningAreNamedAndSetRight) {
  const std::vector<std::pair<std::string, std::function<void(store::Batch&)>>> damages{
      {"settings of stream 00000002",
       [](store::Batch& batch) { batch.put(kStreams, std::string("\0\0\0\2", 4), "x"); }},
      {"counters", [](store::Batch& batch) { batch.put(kCounters, std::string("\0\0\0\1", 4), "\xff"); }},
      {"last event", [](store::Batch& batch) { batch.put(kCounters, "seq", "x"); }},
      {"lease block", [](store::Batch& batch) { batch.put(kLeases, std::string(8, '\1'), "\x7fx"); }},
  };
  make_store(50);
  for (const auto& [named, change] : damages) {
    meddle(change);
    const auto opened = Queue::open(options_, clock_);
    ASSERT_FALSE(opened) << named;
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
    EXPECT_NE(opened.error().text.find(named), std::string::npos) << opened.error().text;
    EXPECT_NE(opened.error().text.find(folders_.store), std::string::npos) << opened.error().text;
    EXPECT_GT(check().wrong(), 0u) << named;
    ASSERT_TRUE(repair()) << named;
    EXPECT_EQ(check().wrong(), 0u) << told(check());
    open();
    EXPECT_EQ(queue_->counters(1).queued(), 50u) << named;
    close();
  }
}

TEST_F(StoreTools, WhoHasHadAFinalIsNotSentToAgainAfterALoss) {
  make_store(500);
  fs::copy(folders_.store, folder_ + "/old", fs::copy_options::recursive);
  open();
  start();
  worker_->start();
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).queued() == 0; }));
  export_all();
  close();
  fs::remove_all(folders_.store);
  fs::rename(folder_ + "/old", folders_.store);  // as a disk that forgot what it had said was written
  EXPECT_FALSE(Queue::open(options_, clock_));
  EXPECT_FALSE(repair());
  const auto repaired = repair(true);
  ASSERT_TRUE(repaired) << repaired.error().text;
  EXPECT_EQ(check().wrong(), 0u) << told(check());
  open();
  EXPECT_EQ(queue_->counters(1).queued(), 0u);
  EXPECT_EQ(queue_->counters(1).delivered, 500u);
  export_all();  // and the feed goes on
}

TEST_F(StoreTools, EventFilesThatAreFurtherThanTheStoreAreRefused) {
  make_store(10);
  open();
  export_all();
  close();
  meddle([](store::Batch& batch) { batch.put(kCounters, "seq", std::string(8, '\0')); });
  open();
  const auto log = EventLog::open(*queue_, {.folder = folders_.events});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::corrupt);
}

TEST_F(StoreTools, ABackupOfAServingStoreIsSoundAndRestores) {
  open();
  start();
  const auto stream = make_stream("autumn");
  inject(stream, 0, 300);
  fs::create_directories(folders_.lists);
  put_bytes(folders_.lists + "/kept", "a@b.test");
  put_bytes(folders_.token_keys, "keys");
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (Row row = 300; !stop; row += 50) inject(stream, row, row + 50);
  });
  const auto backup = folder_ + "/backup";
  const auto facts = back_up(queue_->database(), folders_, backup, clock_.now());
  stop = true;
  writer.join();
  ASSERT_TRUE(facts) << facts.error().text;
  EXPECT_GE(facts->queued, 300u);
  const auto again = back_up(queue_->database(), folders_, backup, clock_.now());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  close();
  EXPECT_EQ(check(backup).wrong(), 0u) << told(check(backup));
  EXPECT_EQ(bytes_of(backup + "/return_tokens.keys"), "keys");
  EXPECT_EQ(fs::status(backup + "/return_tokens.keys").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);

  const auto over = restore(backup, folders_, {}, clock_.now());
  ASSERT_FALSE(over) << "an existing store is never overwritten";
  EXPECT_EQ(over.error().code, ErrorCode::conflict);
  for (const auto& folder : {folders_.store, folders_.lists, folders_.token_keys})
    fs::rename(folder, folder + ".moved");
  const auto restored = restore(backup, folders_, {}, clock_.now());
  ASSERT_TRUE(restored) << restored.error().text;
  EXPECT_EQ(restored->backup.queued, facts->queued);
  EXPECT_EQ(bytes_of(folders_.lists + "/kept"), "a@b.test");
  EXPECT_EQ(bytes_of(folders_.token_keys), "keys");
  EXPECT_EQ(check().wrong(), 0u) << told(check());
  open();
  EXPECT_EQ(queue_->counters(1).queued(), facts->queued);
}

TEST_F(StoreTools, ARestoreUsesNoNumberTwice) {
  open();
  start();
  inject(make_stream("flow", StreamKind::flow), 0, 10);
  ASSERT_TRUE(back_up(queue_->database(), folders_, folder_ + "/backup", clock_.now()));
  StreamId last = 0;
  for (int i = 0; i < 20; ++i) last = make_stream("later" + std::to_string(i))->id;
  export_all();
  const auto seq = queue_->ledger().committed_seq();
  close();
  fs::remove_all(folders_.store);
  const auto restored = restore(folder_ + "/backup", folders_, {}, clock_.now());
  ASSERT_TRUE(restored) << restored.error().text;
  open();
  EXPECT_GT(queue_->ledger().committed_seq(), seq);
  const auto checkpoint = queue_->checkpoint(1);
  ASSERT_TRUE(checkpoint && checkpoint->size() == 8);
  EXPECT_GT(get_be<8>(checkpoint->data()), 1'000'000u);
  start();
  EXPECT_GT(make_stream("after")->id, last);
  export_all();
  close();
  std::uint64_t expected = 1;
  for (const auto& file : event_files(folders_.events)) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line); ++expected)
      ASSERT_NE(line.find("\"seq\":" + std::to_string(expected) + ","), std::string::npos) << line;
  }
  EXPECT_GT(expected, seq + 2);
}

TEST_F(StoreTools, ARestoreKeepsWhatTheEventFilesSay) {
  open();
  start();
  inject(make_stream("autumn"), 0, 200);
  ASSERT_TRUE(back_up(queue_->database(), folders_, folder_ + "/backup", clock_.now()));
  worker_->start();
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).queued() == 0; }));
  export_all();
  close();
  fs::remove_all(folders_.store);
  const auto restored = restore(folder_ + "/backup", folders_, {}, clock_.now());
  ASSERT_TRUE(restored) << restored.error().text;
  EXPECT_EQ(restored->settled, 200u);
  EXPECT_EQ(check().wrong(), 0u) << told(check());
  open();
  EXPECT_EQ(queue_->counters(1).delivered, 200u);
  EXPECT_EQ(queue_->counters(1).queued(), 0u);
}

TEST_F(StoreTools, AnUnfinishedOrDamagedBackupIsNotRestored) {
  make_store(5000);
  {
    auto database = store::Database::open(options_.store, family_names());
    ASSERT_TRUE(database);
    ASSERT_TRUE(back_up(**database, folders_, folder_ + "/backup", clock_.now()));
  }
  fs::rename(folders_.store, folder_ + "/moved");
  fs::rename(folder_ + "/backup/backup.json", folder_ + "/json");
  EXPECT_FALSE(restore(folder_ + "/backup", folders_, {}, clock_.now()));
  fs::rename(folder_ + "/json", folder_ + "/backup/backup.json");
  for (const auto& entry : fs::directory_iterator(folder_ + "/backup/store")) {
    if (entry.path().extension() != ".sst" || fs::file_size(entry.path()) < 50'000) continue;
    const auto bytes = bytes_of(entry.path());
    fs::remove(entry.path());  // its file is the old store's too: made anew
    put_bytes(entry.path(), bytes);
    damage(entry.path(), 0.3);
  }
  const auto damaged = restore(folder_ + "/backup", folders_, {}, clock_.now());
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
  EXPECT_FALSE(fs::exists(folders_.store));
}

TEST_F(StoreTools, RetriesThatCannotBeReadForAWhileAreNotPassedOver) {
  constexpr Row kRows = 5000;
  open();
  worker_ = std::make_unique<FakeWorker>(*queue_, clock_, [this](const Record&, Settlement& settlement) {
    settlement.kind = EventKind::deferred;
    settlement.trail.attempts = 1;
    settlement.due = to_due_second(clock_.now() + std::chrono::hours(1));
  });
  start();
  inject(make_stream("autumn"), 0, kRows);
  worker_->start();
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).deferrals >= kRows; }));
  worker_->stop();
  queue_->stop();
  ASSERT_TRUE(queue_->database().flush());
  close();
  const auto table = largest_table();
  const auto bytes = bytes_of(table);
  damage(table, 0.5);
  clock_.step(std::chrono::hours(2));
  open();
  start();
  worker_->start();
  // Until nothing comes any more: what can be read has been.
  std::uint64_t before = 1;
  for (int look = 0; look < 20 && queue_->counters(1).delivered != before; ++look) {
    before = queue_->counters(1).delivered;
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  }
  EXPECT_LT(before, kRows) << "the damage was not met";
  close();
  put_bytes(table, bytes);
  open();
  start();
  worker_->start();
  EXPECT_TRUE(eventually([&] { return queue_->counters(1).queued() == 0; })) << queue_->counters(1).queued();
}

TEST_F(StoreTools, AStoreInUseIsLeftAlone) {
  open();
  const auto lock = store::FolderLock::take(folders_.store);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::unavailable);
  const auto repaired = repair();
  ASSERT_FALSE(repaired);
  EXPECT_EQ(repaired.error().code, ErrorCode::unavailable);
  close();
  EXPECT_TRUE(store::FolderLock::take(folders_.store));
  EXPECT_EQ(store::FolderLock::take(folder_ + "/none").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace sluice::queue
