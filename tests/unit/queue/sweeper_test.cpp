#include "queue/sweeper.hpp"

#include <gtest/gtest.h>

#include "queue/census.hpp"
#include "tests/unit/queue/fake_worker.hpp"
#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::queue {
namespace {

class SweeperTest : public testing::Test {
 protected:
  SweeperTest() {
    at_.queue->start({&worker_});
    worker_.start();
  }
  ~SweeperTest() override {
    worker_.stop();
    at_.queue->stop();  // until then the feeder tells the worker of changes
  }

  /// Paused, its records accepted so long ago.
  StreamPtr paused(const std::string& name, Row rows, std::chrono::seconds ago, StreamKind kind) {
    StreamSettings settings;
    settings.kind = kind;
    settings.expire = std::chrono::hours(1);
    settings.created_ms = to_ms(at_.clock.now() - ago);
    auto stream = at_.stream(name, settings);
    EXPECT_TRUE(at_.queue->set_state(stream, StreamState::paused, "test"));
    at_.inject(stream, 0, rows, 7, settings.created_ms);
    return stream;
  }
  std::uint64_t sweep(Sweeper& sweeper) {
    auto swept = sweeper.step();
    EXPECT_TRUE(swept);
    return swept.value_or(0);
  }

  QueueFixture at_;
  FakeWorker worker_{*at_.queue, at_.clock, [](const Record&, Settlement&) {}, 4, 1};
};

TEST_F(SweeperTest, PausedMailExpiresAndFreshMailStays) {
  const auto old = paused("old", 100, std::chrono::hours(2), StreamKind::campaign);
  const auto fresh = paused("fresh", 50, std::chrono::minutes(5), StreamKind::campaign);
  Sweeper sweeper(*at_.queue, at_.clock);
  EXPECT_EQ(sweep(sweeper), 100U);
  EXPECT_EQ(at_.queue->counters(old->id).expired, 100U);
  EXPECT_EQ(at_.queue->counters(old->id).queued(), 0U);
  EXPECT_EQ(at_.queue->counters(fresh->id).queued(), 50U);
  EXPECT_EQ(sweep(sweeper), 0U);
}

TEST_F(SweeperTest, AStepIsBoundedAndTheNextGoesOn) {
  const auto stream = paused("old", 2500, std::chrono::hours(2), StreamKind::flow);
  at_.inject(stream, 2500, 2600, 7);  // these are fresh
  Sweeper sweeper(*at_.queue, at_.clock,
                  {.step_records = 700, .step_finals = 300, .between_walks = std::chrono::seconds(30)});
  std::uint64_t total = 0;
  for (int steps = 0; total < 2500 && steps < 100; ++steps) {
    const auto swept = sweep(sweeper);
    EXPECT_LE(swept, 300U);
    total += swept;
  }
  EXPECT_EQ(total, 2500U);
  EXPECT_EQ(at_.queue->counters(stream->id).expired, 2500U);
  EXPECT_EQ(at_.queue->counters(stream->id).queued(), 100U);
}

TEST_F(SweeperTest, ACancelledStreamIsLeftToItsOwnSweep) {
  const auto stream = paused("old", 10, std::chrono::hours(2), StreamKind::campaign);
  ASSERT_TRUE(at_.queue->set_state(stream, StreamState::cancelling, "test"));
  Sweeper sweeper(*at_.queue, at_.clock);
  EXPECT_EQ(sweep(sweeper), 0U);
  EXPECT_EQ(at_.queue->counters(stream->id).expired, 0U);
}

TEST_F(SweeperTest, TheCensusCountsByGroupStateAndAge) {
  const auto stream = paused("s", 70, std::chrono::minutes(10), StreamKind::campaign);
  at_.inject(stream, 70, 77, 7);
  Census census(at_.queue->database(), at_.queue->streams(), [](std::string_view domain) {
    return domain == "d1.test" || domain == "d2.test" ? std::string("big") : std::string("other");
  });
  int steps = 1;
  for (auto done = census.step(at_.clock.now(), 10); done && !*done; ++steps)
    done = census.step(at_.clock.now(), 10);
  EXPECT_EQ(steps, 8) << "77 records, ten a step";
  EXPECT_EQ(census.last().records, 77U);
  const auto& big = census.last().groups.at("big");
  EXPECT_EQ(big.records, 22U);
  EXPECT_EQ(big.ready, 22U);
  EXPECT_EQ(big.ages[0], 2U);
  EXPECT_EQ(big.ages[1], 20U);
  EXPECT_EQ(big.oldest_ms, stream->settings.created_ms);
  EXPECT_EQ(big.paused_ready, 22U);
  EXPECT_EQ(big.paused_since_ms, stream->settings.created_ms);
  EXPECT_EQ(big.ready_since_ms, 0);
  EXPECT_FALSE(census.under_way());
}

TEST_F(SweeperTest, TheCensusCountsEachStreamByGroup) {
  const auto first = paused("s", 70, std::chrono::minutes(10), StreamKind::campaign);
  const auto second = paused("t", 5, std::chrono::minutes(10), StreamKind::campaign);
  at_.inject(second, 5, 8, 1);  // all to d0.test
  Census census(at_.queue->database(), at_.queue->streams(), [](std::string_view domain) {
    return domain == "d0.test" ? std::string("big") : std::string("other");
  });
  for (int walk = 0; walk < 2; ++walk) {  // each counts from nothing
    for (auto done = census.step(at_.clock.now(), 10); done && !*done;)
      done = census.step(at_.clock.now(), 10);
    std::uint64_t sum = 0;
    for (const auto& [stream, rows] : census.last().streams) {
      for (const auto& [name, records] : rows) sum += records;
    }
    EXPECT_EQ(sum, 78U);
    EXPECT_EQ(census.last().groups.at("big").records,
              census.last().streams.at(first->id).at("big") + census.last().streams.at(second->id).at("big"));
    EXPECT_GE(census.last().streams.at(second->id).at("big"), 3U);
  }
}

}  // namespace
}  // namespace sluice::queue
