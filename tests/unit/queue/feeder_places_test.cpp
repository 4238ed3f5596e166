// More lanes than there are places, and most of them blocked: whatever may go is found.
#include <gtest/gtest.h>

#include <atomic>

#include "tests/unit/queue/fake_worker.hpp"
#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::queue {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kDomains = 500;
constexpr Row kRows = 1500;

class FeederPlaces : public testing::Test {
 protected:
  FeederPlaces() {
    worker_.set_blocked([this](const WorkerLane& lane) {
      return lane.domain == free_ || open_ ? Instant{} : at_.clock.now() + wait_;
    });
    at_.queue->start({&worker_});
    worker_.start();
  }
  ~FeederPlaces() override {
    worker_.stop();
    at_.queue->stop();
  }
  /// Each domain's lane has been read.
  [[nodiscard]] bool free_one_went(const StreamPtr& stream, std::uint64_t finals) {
    return eventually([&] { return at_.queue->counters(stream->id).delivered == finals; });
  }

  QueueFixture at_{[](Options& options) {
    options.feeder.max_resident_lanes = 16;
    options.feeder.lane_stays = 100ms;
  }};
  const std::string free_ = "d99.test";  // the last in the order of keys
  std::atomic<bool> open_{false};
  Micros wait_ = 1h;
  std::atomic<bool> defers_{false};
  FakeWorker worker_{*at_.queue, at_.clock, [this](const Record& record, Settlement& settlement) {
                       if (!defers_ || record.value.trail.attempts > 0) return;
                       settlement.kind = EventKind::deferred;
                       settlement.trail.attempts = 1;
                       settlement.due = to_due_second(at_.clock.now());
                     }};
};

TEST_F(FeederPlaces, ALaneBehindManyBlockedOnesIsFoundAndTheyAreFoundAgain) {
  const auto stream = at_.stream("wide");
  at_.inject(stream, 0, kRows, kDomains);
  EXPECT_TRUE(free_one_went(stream, kRows / kDomains));
  EXPECT_LE(at_.queue->feeder().stats().resident_lanes, 16U);
  open_ = true;
  at_.queue->feeder().orders_changed();
  EXPECT_TRUE(free_one_went(stream, kRows));
  EXPECT_EQ(worker_.attempts(), kRows);
}

TEST_F(FeederPlaces, BlockedLanesAreNotReadOverAndOver) {
  const auto stream = at_.stream("wide");
  at_.inject(stream, 0, kRows, kDomains);
  EXPECT_TRUE(free_one_went(stream, kRows / kDomains));
  const auto before = at_.queue->feeder().stats().records_read;
  std::this_thread::sleep_for(3s);  // what must not happen has time to happen
  EXPECT_LE(at_.queue->feeder().stats().records_read, before + kRows);
}

TEST_F(FeederPlaces, ALaneGoesWhenItsTimeComes) {
  wait_ = 3s;
  const auto stream = at_.stream("wide");
  at_.inject(stream, 0, kRows, kDomains);
  EXPECT_TRUE(free_one_went(stream, kRows / kDomains));
  open_ = true;  // nobody tells the feeder
  EXPECT_TRUE(free_one_went(stream, kRows));
}

TEST_F(FeederPlaces, NewMailIsFoundBesideBlockedLanes) {
  const auto stream = at_.stream("wide");
  at_.inject(stream, 0, kRows, kDomains);
  EXPECT_TRUE(free_one_went(stream, kRows / kDomains));
  at_.inject(stream, kRows, 2 * kRows, kDomains);
  EXPECT_TRUE(free_one_went(stream, 2 * kRows / kDomains));
  open_ = true;
  at_.queue->feeder().orders_changed();
  EXPECT_TRUE(free_one_went(stream, 2 * kRows));
}

TEST_F(FeederPlaces, RetriesToo) {
  defers_ = true;
  open_ = true;
  const auto stream = at_.stream("wide");
  at_.inject(stream, 0, kRows, kDomains);
  ASSERT_TRUE(eventually([&] { return at_.queue->counters(stream->id).deferrals >= kRows / 2; }));
  open_ = false;  // what was deferred so far is blocked, most of it
  const auto before = at_.queue->counters(stream->id).delivered;
  std::this_thread::sleep_for(1s);
  open_ = true;
  at_.queue->feeder().orders_changed();
  EXPECT_TRUE(free_one_went(stream, kRows)) << before << " before";
  EXPECT_EQ(at_.queue->counters(stream->id).queued(), 0U);
}

}  // namespace
}  // namespace sluice::queue
