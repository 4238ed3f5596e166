// The wall clock is stepped: within a run nobody sees it (SystemClock), between two runs the queue meets
// times it has not reached yet, and times long gone.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>

#include "queue/queue.hpp"
#include "tests/unit/queue/fake_worker.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Runs on as the real one does, from where the test puts it.
class SteppedClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return real_.now() + Micros(offset_.load()); }
  void step(std::chrono::seconds by) { offset_ += std::chrono::duration_cast<Micros>(by).count(); }

 private:
  SystemClock real_;
  std::atomic<std::int64_t> offset_{0};
};

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);  // polls a condition; 30 s bound
  }
  return false;
}

class ClockStep : public testing::Test {
 protected:
  ClockStep() {
    char name[] = "/tmp/sluice-clock-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~ClockStep() override {
    close();
    fs::remove_all(folder_);
  }

  void open() {
    Options options;
    options.store.path = folder_ + "/store";
    auto opened = Queue::open(options, clock_);
    ASSERT_TRUE(opened) << opened.error().text;
    queue_ = std::move(*opened);
    worker_ = std::make_unique<FakeWorker>(*queue_, clock_,
                                           [this](const Record& r, Settlement& s) { attempt(r, s); });
    queue_->start({worker_.get()});
    worker_->start();
  }
  void close() {
    if (worker_) worker_->stop();
    if (queue_) queue_->stop();
    worker_.reset();
    queue_.reset();
  }
  /// The first attempt is put off for a minute, the second is the last.
  void attempt(const Record& record, Settlement& settlement) {
    const std::lock_guard lock(mutex_);
    if (++attempts_[record.key.row] > 1) return;
    settlement.kind = EventKind::deferred;
    settlement.trail.attempts = 1;
    settlement.due = to_due_second(clock_.now() + 60s);
  }
  [[nodiscard]] std::size_t tried() {
    const std::lock_guard lock(mutex_);
    return attempts_.size();
  }
  void inject(const StreamPtr& stream, Row from, Row to) {
    auto injection = std::make_unique<Injection>(stream);
    for (Row row = from; row < to; ++row)
      injection->add(row, "d" + std::to_string(row % 3) + ".test", "u", to_ms(clock_.now()), "payload");
    injection->seal();
    std::promise<void> done;
    queue_->inject(std::move(injection), store::Urgency::now, [&](const Expected<>&) { done.set_value(); });
    done.get_future().wait();
  }

  std::string folder_;
  SteppedClock clock_;
  std::mutex mutex_;
  std::map<Row, int> attempts_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<FakeWorker> worker_;
};

TEST_F(ClockStep, BackBetweenTwoRunsLosesNobody) {
  open();
  StreamSettings settings;
  settings.name = "autumn";
  const auto stream = queue_->create_stream(settings, {});
  ASSERT_TRUE(stream);
  inject(*stream, 0, 20);
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).deferrals == 20; }));
  close();
  clock_.step(-3600s);
  open();
  // Due before everything that waits: below the low-water mark of the retries.
  inject(queue_->streams().find(1), 20, 40);
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).deferrals == 40; }));
  EXPECT_EQ(queue_->counters(1).delivered, 0u);
  clock_.step(120s);
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).delivered == 20; }));
  clock_.step(3600s);
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).delivered == 40; }));
  EXPECT_EQ(tried(), 40u);
}

TEST_F(ClockStep, ForwardBetweenTwoRunsMakesDueWhatWasWaiting) {
  open();
  StreamSettings settings;
  settings.name = "autumn";
  const auto stream = queue_->create_stream(settings, {});
  ASSERT_TRUE(stream);
  inject(*stream, 0, 20);
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).deferrals == 20; }));
  close();
  clock_.step(86'400s);
  open();
  ASSERT_TRUE(eventually([&] { return queue_->counters(1).delivered == 20; }));
}

}  // namespace
}  // namespace sluice::queue
