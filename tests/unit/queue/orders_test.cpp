// Streams that sleep: paused, held by an order, or outside their window; and what may change of a running
// one.
#include "queue/orders.hpp"

#include <gtest/gtest.h>

#include "tests/unit/queue/fake_worker.hpp"
#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::queue {
namespace {

void delivered(const Record&, Settlement&) {}

TEST(Order, IsKeptAsWritten) {
  const Order order{OrderScope::provider, "google", 1764104400000};
  const auto back = Order::decode(order.key(), order.value());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->scope, order.scope);
  EXPECT_EQ(back->name, order.name);
  EXPECT_EQ(back->since_ms, order.since_ms);
  EXPECT_EQ(order.key(), std::string("order.\3google"));
  EXPECT_FALSE(Order::decode("order.", order.value()));
  EXPECT_FALSE(Order::decode("order.\3", order.value()));
  EXPECT_FALSE(Order::decode("order.\4x", order.value()));
  EXPECT_FALSE(Order::decode("order.\1x", ""));
  EXPECT_FALSE(Order::decode("format", order.value()));
}

TEST(Orders, HoldWhatTheyName) {
  Orders orders;
  EXPECT_FALSE(orders.holds_mail("a.test", "google"));
  orders.add({OrderScope::domain, "a.test", 1});
  orders.add({OrderScope::provider, "google", 1});
  orders.add({OrderScope::tenant, "shop", 1});
  EXPECT_TRUE(orders.holds_mail("a.test", ""));
  EXPECT_TRUE(orders.holds_mail("b.test", "google"));
  EXPECT_FALSE(orders.holds_mail("b.test", ""));
  EXPECT_FALSE(orders.holds_mail("shop", "shop")) << "a tenant is no domain";
  EXPECT_TRUE(orders.holds_tenant("shop"));
  orders.remove(OrderScope::domain, "a.test");
  EXPECT_FALSE(orders.holds_mail("a.test", ""));
}

TEST(Orders, AHeldTenantSendsNothingAcrossARestartAndTheOthersDo) {
  QueueFixture at;
  StreamId held = 0;
  {
    FakeWorker worker(*at.queue, at.clock, delivered);
    at.queue->start({&worker});
    worker.start();
    ASSERT_TRUE(at.queue->set_order({OrderScope::tenant, "shop", 1}, true));
    ASSERT_TRUE(at.queue->set_order({OrderScope::tenant, "shop", 1}, true)) << "twice is no harm";
    StreamSettings shop;
    shop.tenant = "shop";
    const auto stream = at.stream("held", shop);
    held = stream->id;
    const auto other = at.stream("free");
    at.inject(stream, 0, 100, 5);
    at.inject(other, 0, 100, 5);
    EXPECT_TRUE(eventually([&] { return at.queue->counters(other->id).delivered == 100; }));
    EXPECT_EQ(at.queue->counters(held).queued(), 100U);
    worker.stop();
    at.reopen();
  }
  FakeWorker worker(*at.queue, at.clock, delivered);
  at.queue->start({&worker});
  worker.start();
  EXPECT_TRUE(at.queue->streams().find(held)->on_hold());
  EXPECT_EQ(at.queue->counters(held).queued(), 100U);
  ASSERT_TRUE(at.queue->set_order({OrderScope::tenant, "shop", 1}, false));
  EXPECT_TRUE(eventually([&] { return at.queue->counters(held).delivered == 100; }));
  worker.stop();
}

/// Looks, is overtaken by a change, and only then gives its first lane back for good.
class Overtaken final : public RunReceiver {
 public:
  explicit Overtaken(Queue& queue) : queue_(queue) {}
  void on_runs(std::vector<Run> runs) override {
    if (!lanes_) lanes_.emplace(queue_.feeder());
    for (auto& run : runs) {
      auto& lane = lanes_->add(std::move(run));
      if (++seen_ > 1) continue;
      const auto before = lanes_->changes();
      queue_.feeder().orders_changed();
      lanes_->give_back(lane, Instant::max(), before);
    }
  }
  void on_stream_changed(StreamPtr) override {}
  [[nodiscard]] int runs() const { return seen_; }

 private:
  Queue& queue_;
  std::optional<WorkerLanes> lanes_;  ///< once the queue has started
  std::atomic<int> seen_{0};
};

TEST(Feeder, ALaneGivenBackBehindAChangeIsReadAgain) {
  QueueFixture at;
  Overtaken worker(*at.queue);
  at.queue->start({&worker});
  at.inject(at.stream("one"), 0, 1, 1);
  EXPECT_TRUE(eventually([&] { return worker.runs() == 2; }));
  at.queue->stop();
}

TEST(SleepingStream, LeavesItsPlaceInMemoryToTheOthers) {
  QueueFixture at([](Options& options) { options.feeder.max_resident_lanes = 40; });
  FakeWorker worker(*at.queue, at.clock, delivered, 4, 0);
  at.queue->start({&worker});
  worker.start();
  const auto big = at.stream("big");
  at.inject(big, 0, 400, 200);
  ASSERT_TRUE(eventually([&] { return at.queue->feeder().stats().resident_lanes == 40; }));
  ASSERT_TRUE(at.queue->set_state(big, StreamState::paused, "test"));
  const auto small = at.stream("small");
  at.inject(small, 0, 30, 10);
  worker.set_runs_ahead(2);
  EXPECT_TRUE(eventually([&] { return at.queue->counters(small->id).delivered == 30; }))
      << "lanes of a paused stream filled the memory of all";
  EXPECT_EQ(at.queue->counters(big->id).delivered, 0U);
  ASSERT_TRUE(at.queue->set_state(big, StreamState::running, "test"));
  EXPECT_TRUE(eventually([&] { return at.queue->counters(big->id).delivered == 400; }));
  EXPECT_EQ(worker.attempts(), 430U);
  worker.stop();
}

TEST(SleepingStream, SendsInItsWindowOnly) {
  QueueFixture at;
  FakeWorker worker(*at.queue, at.clock, delivered, 4, 2);
  at.queue->start({&worker});
  worker.start();
  const auto stream = at.stream("s");
  const auto now = to_ms(at.clock.now());
  stream->set_window(now + 3'600'000, now + 7'200'000);
  at.inject(stream, 0, 50, 5);
  const auto other = at.stream("other");
  at.inject(other, 0, 50, 5);
  EXPECT_TRUE(eventually([&] { return at.queue->counters(other->id).delivered == 50; }));
  EXPECT_EQ(at.queue->counters(stream->id).delivered, 0U);
  EXPECT_EQ(stream->opens(at.clock.now()), from_ms(now + 3'600'000));
  stream->set_window(now, now + 7'200'000);
  at.queue->feeder().stream_changed(stream);
  EXPECT_TRUE(eventually([&] { return at.queue->counters(stream->id).delivered == 50; }));
  worker.stop();
}

TEST(StreamSettingsChange, PriorityAndPoolAreKept) {
  QueueFixture at;
  StreamId id = 0;
  {
    FakeWorker worker(*at.queue, at.clock, delivered);
    at.queue->start({&worker});
    worker.start();
    const auto stream = at.stream("s");
    id = stream->id;
    EXPECT_TRUE(at.queue->set_priority(stream, 2));
    EXPECT_TRUE(at.queue->set_pool(stream, "warm"));
    EXPECT_FALSE(at.queue->set_priority(stream, 10));
    EXPECT_EQ(stream->weight(), 8U);
    EXPECT_TRUE(at.queue->set_state(stream, StreamState::paused, "test"));
    worker.stop();
    at.reopen();
  }
  const auto stream = at.queue->streams().find(id);
  EXPECT_EQ(stream->priority(), 2);
  EXPECT_EQ(stream->pool(), "warm");
  EXPECT_EQ(stream->state(), StreamState::paused);
}

}  // namespace
}  // namespace sluice::queue
