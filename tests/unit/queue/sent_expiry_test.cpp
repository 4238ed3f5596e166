#include "queue/sent_expiry.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct Idle final : RunReceiver {
  void on_runs(std::vector<Run>) override {}
  void on_stream_changed(StreamPtr) override {}
};

class SentExpiryTest : public testing::Test {
 protected:
  SentExpiryTest() {
    char name[] = "/tmp/sluice-sent-XXXXXX";
    folder_ = ::mkdtemp(name);
    Options options;
    options.store.path = folder_ + "/store";
    auto opened = Queue::open(options, clock_);
    EXPECT_TRUE(opened);
    queue_ = std::move(*opened);
    queue_->start({&idle_});
  }
  ~SentExpiryTest() override {
    queue_->stop();
    queue_.reset();
    fs::remove_all(folder_);
  }

  void commit(std::function<void(store::Batch&)> apply) {
    std::promise<void> done;
    queue_->committer().submit(
        store::make_work(std::move(apply), [&](const Expected<>&) { done.set_value(); }),
        store::Urgency::now);
    done.get_future().wait();
  }
  /// Rows [from, to) of the stream, sent that long ago.
  void add(StreamId stream, Row from, Row to, std::chrono::hours ago) {
    commit([&](store::Batch& batch) {
      for (Row row = from; row < to; ++row) {
        std::string key, value;
        put_be<4>(key, stream);
        put_be<5>(key, row);
        put_varint(value, static_cast<std::uint64_t>(to_ms(clock_.now() - ago)));
        put_string(value, "a");
        value += "u@d.test";
        batch.put(kSent, key, value);
      }
    });
  }
  /// Steps until the round is over.
  int expire() {
    SentExpiry expiry(*queue_, 100h);
    int steps = 1;
    for (;; ++steps) {
      const auto more = expiry.step(clock_.now());
      EXPECT_TRUE(more);
      commit([](store::Batch&) {});  // works of one thread are in order
      if (!more || !*more) return steps;
    }
  }
  [[nodiscard]] std::size_t rows(StreamId stream) const {
    std::string from, to;
    put_be<4>(from, stream);
    put_be<4>(to, stream + 1);
    std::size_t count = 0;
    for (const auto cursor = queue_->database().cursor(kSent, from, to); cursor->valid(); cursor->next())
      ++count;
    return count;
  }

  ManualClock clock_{from_ms(1'764'104'400'000)};
  std::string folder_;
  Idle idle_;
  std::unique_ptr<Queue> queue_;
};

TEST_F(SentExpiryTest, DropsTheOldRowsOfEachStream) {
  add(1, 0, 50, 101h);
  add(1, 50, 80, 99h);
  add(2, 0, 10, 200h);
  add(3, 0, 10, 1h);
  add(4, 5, 6, 101h);
  expire();
  EXPECT_EQ(rows(1), 30u);
  EXPECT_EQ(rows(2), 0u);
  EXPECT_EQ(rows(3), 10u);
  EXPECT_EQ(rows(4), 0u);
}

TEST_F(SentExpiryTest, AnOldRowBehindAYoungOneWaitsForIt) {
  add(1, 0, 1, 1h);
  add(1, 1, 10, 101h);
  expire();
  EXPECT_EQ(rows(1), 10u);
  clock_.advance(100h);
  expire();
  EXPECT_EQ(rows(1), 0u);
}

TEST_F(SentExpiryTest, LooksAtABoundedNumberOfRowsAStep) {
  add(1, 0, 3 * SentExpiry::kRowsAStep, 101h);
  add(2, 0, 5, 101h);
  add(9, 0, 5, 1h);
  EXPECT_GE(expire(), 4);
  EXPECT_EQ(rows(1), 0u);
  EXPECT_EQ(rows(2), 0u);
  EXPECT_EQ(rows(9), 5u);
}

TEST_F(SentExpiryTest, ADamagedRowIsNoEndOfIt) {
  commit([](store::Batch& batch) {
    batch.put(kSent, "x", "y");
    batch.put(kSent, std::string("\0\0\0\1\0\0\0\0\0", 9), "\xff");
  });
  add(1, 1, 10, 101h);
  expire();
  EXPECT_EQ(rows(1), 0u);
  expire();
}

}  // namespace
}  // namespace sluice::queue
