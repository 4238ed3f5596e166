#include "queue/body_refs.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"
#include "tests/unit/queue/fake_worker.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kSegment = 7;

std::string body_key(std::uint64_t offset) {
  std::string key;
  put_be<4>(key, kSegment);
  put_be<8>(key, offset);
  return key;
}

/// A queue in a folder of its own, with a stream whose records need bodies.
class BodyRefs : public ::testing::Test {
 protected:
  BodyRefs() {
    char name[] = "/tmp/sluice-refs-XXXXXX";
    folder_ = ::mkdtemp(name);
    options_.store.path = folder_ / "store";
    options_.in_doubt_delay = std::chrono::seconds(1);
  }
  ~BodyRefs() override {
    queue_.reset();
    fs::remove_all(folder_);
  }

  void open() {
    queue_.reset();
    auto opened = Queue::open(options_, clock_);
    ASSERT_TRUE(opened) << opened.error().text;
    queue_ = std::move(*opened);
  }
  void fill(Row rows) {
    StreamSettings settings;
    settings.name = "flow";
    stream_ = *queue_->create_stream(settings, {});
    auto injection = std::make_unique<Injection>(stream_);
    for (Row row = 0; row < rows; ++row) {
      injection->add(row, "example.test", "u" + std::to_string(row), to_ms(clock_.now()), "payload",
                     body_key(100));
    }
    injection->seal();
    std::promise<void> done;
    queue_->inject(std::move(injection), store::Urgency::now, [&](const Expected<>&) { done.set_value(); });
    done.get_future().wait();
  }
  [[nodiscard]] std::size_t claims() const {
    std::size_t count = 0;
    const auto all = queue_->database().cursor(kBodies, std::string(), std::string(32, '\xff'));
    for (; all->valid(); all->next()) ++count;
    return count;
  }
  template <class Condition>
  static bool eventually(Condition condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // polls a condition; 30 s bound
    }
    return false;
  }

  fs::path folder_;
  Options options_;
  const SystemClock clock_;
  std::unique_ptr<Queue> queue_;
  StreamPtr stream_;
};

struct Idle final : RunReceiver {
  void on_runs(std::vector<Run>) override {}
  void on_stream_changed(StreamPtr) override {}
};

TEST(BodyRefKey, SegmentsStandTogether) {
  EXPECT_EQ(body_ref_key(body_key(1), 2, 3).size(), kBodyKeyBytes + 9);
  EXPECT_LT(body_ref_key(body_key(1), UINT32_MAX, kMaxRow), body_ref_key(body_key(2), 0, 0));
}

TEST(BodyRefRecord, CarriesItsBodyAndRefusesAShortOne) {
  std::string bytes;
  const auto key = body_key(9);
  RecordValue{"ann", 5, {.attempts = 2}, "payload", key}.append_to(bytes);
  const auto back = RecordValue::decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->body, key);
  EXPECT_EQ(back->payload, "payload");
  EXPECT_EQ(back->trail.attempts, 2);
  bytes.clear();
  RecordValue{"ann", 5, {}, "payload", "short"}.append_to(bytes);
  EXPECT_FALSE(RecordValue::decode(bytes));
}

TEST_F(BodyRefs, AClaimLastsThroughDeferralsUntilTheFinal) {
  open();
  std::atomic<bool> let_go{false};
  FakeWorker worker(*queue_, clock_, [&](const Record& record, Settlement& settlement) {
    EXPECT_EQ(record.value.body, body_key(100));
    if (record.key.row == 0 || let_go) return;
    settlement.kind = EventKind::deferred;
    settlement.trail.attempts++;
    settlement.due = to_due_second(clock_.now() + std::chrono::seconds(1));
  });
  queue_->start({&worker});
  worker.start();
  fill(3);
  ASSERT_TRUE(
      eventually([&] { return queue_->counters(stream_->id).delivered == 1 && worker.attempts() >= 5; }));
  EXPECT_EQ(claims(), 2U);
  EXPECT_TRUE(*segment_in_use(queue_->database(), kSegment));
  EXPECT_FALSE(*segment_in_use(queue_->database(), kSegment - 1));
  EXPECT_FALSE(*segment_in_use(queue_->database(), kSegment + 1));
  let_go = true;
  ASSERT_TRUE(eventually([&] { return queue_->counters(stream_->id).delivered == 3; }));
  EXPECT_EQ(claims(), 0U);
  EXPECT_FALSE(*segment_in_use(queue_->database(), kSegment));
  worker.stop();
  queue_->stop();
}

TEST_F(BodyRefs, CancellingDropsTheClaims) {
  open();
  Idle idle;
  queue_->start({&idle});
  fill(50);
  EXPECT_EQ(claims(), 50U);
  ASSERT_TRUE(queue_->set_state(stream_, StreamState::cancelling, "test"));
  ASSERT_TRUE(eventually([&] {
    auto swept = queue_->sweep_cancelled(stream_, 20);
    return swept && *swept;
  }));
  EXPECT_EQ(claims(), 0U);
  queue_->stop();
}

TEST_F(BodyRefs, ClaimsOutliveACrashAndEndWithAnAssumedDelivery) {
  struct Hoarder final : RunReceiver {
    explicit Hoarder(Queue& q) : queue(q) {}
    void on_runs(std::vector<queue::Run> runs) override {
      if (seen.exchange(true)) return;
      std::vector<Held> one;
      one.push_back(runs.front().held(0));
      queue.lease(std::move(one),
                  [this](const Expected<>&, std::vector<Held>, std::vector<Held>) { leased.set_value(); });
    }
    void on_stream_changed(StreamPtr) override {}
    Queue& queue;
    std::atomic<bool> seen{false};
    std::promise<void> leased;
  };
  open();
  {
    Hoarder hoarder(*queue_);
    queue_->start({&hoarder});
    fill(3);
    hoarder.leased.get_future().wait();
    queue_->stop();
  }
  open();
  EXPECT_EQ(queue_->recovery().in_doubt, 1U);
  EXPECT_EQ(claims(), 3U) << "in doubt goes again and needs its body";
  queue_.reset();
  options_.in_doubt = DoubtPolicy::assume_delivered;
  options_.store.path = folder_ / "second";
  open();
  {
    Hoarder hoarder(*queue_);
    queue_->start({&hoarder});
    fill(3);
    hoarder.leased.get_future().wait();
    queue_->stop();
  }
  open();
  EXPECT_EQ(claims(), 2U);
}

}  // namespace
}  // namespace sluice::queue
