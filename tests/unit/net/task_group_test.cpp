#include "engine/net/task_group.hpp"

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <stdexcept>

#include "engine/net/worker.hpp"
#include "tests/unit/net/loop.hpp"

namespace sluice::net {
namespace {

using testing::Loop;

Task<> wait_for_ever(asio::io_context& context, int& ended) {
  asio::steady_timer timer(context, asio::steady_timer::time_point::max());
  co_await timer.async_wait(kTuple);
  ++ended;
}

TEST(TaskGroup, JoinWaitsForEveryTaskAndCancelEndsThem) {
  Loop loop;
  TaskGroup group(loop.context);
  int ended = 0;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(group.spawn(wait_for_ever(loop.context, ended)));
  bool joined = false;
  auto joiner = [](TaskGroup& g, int& count, bool& done) -> Task<> {
    co_await g.join();
    EXPECT_EQ(count, 10);
    done = true;
  };
  loop.spawn(joiner(group, ended, joined));
  loop.context.poll();
  EXPECT_FALSE(joined);
  group.cancel();
  EXPECT_TRUE(loop.run());
  EXPECT_TRUE(joined);
  EXPECT_EQ(group.size(), 0u);
}

TEST(TaskGroup, RefusesBeyondItsBoundAndAfterCancel) {
  Loop loop;
  TaskGroup group(loop.context, {.name = "small", .max_tasks = 2});
  int ended = 0;
  EXPECT_TRUE(group.spawn(wait_for_ever(loop.context, ended)));
  EXPECT_TRUE(group.spawn(wait_for_ever(loop.context, ended)));
  EXPECT_FALSE(group.spawn(wait_for_ever(loop.context, ended)));
  group.cancel();
  EXPECT_FALSE(group.spawn(wait_for_ever(loop.context, ended)));
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(group.size(), 0u);
  EXPECT_EQ(ended, 0) << "a task cancelled before its start never runs";
}

TEST(TaskGroup, AnEscapingExceptionIsCountedAndEndsOnlyItsTask) {
  Loop loop;
  TaskGroup group(loop.context);
  auto thrower = []() -> Task<> {
    throw std::runtime_error("a bug");
    co_return;
  };
  int ended = 0;
  ASSERT_TRUE(group.spawn(thrower()));
  ASSERT_TRUE(group.spawn(wait_for_ever(loop.context, ended)));
  loop.context.poll();
  EXPECT_EQ(group.failed(), 1u);
  EXPECT_EQ(group.size(), 1u);
  group.cancel();
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(ended, 1);
}

TEST(Worker, RunsPostedWorkOnItsOwnThreadInOrder) {
  Worker worker("test-worker");
  worker.start();
  std::vector<int> order;
  bool on_worker = false;
  for (int i = 0; i < 100; ++i) worker.post([&order, i] { order.push_back(i); });
  worker.post([] { throw std::runtime_error("logged, and the loop goes on"); });
  worker.post([&] { on_worker = worker.is_current_thread(); });
  worker.finish();
  worker.join();
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_TRUE(on_worker);
}

}  // namespace
}  // namespace sluice::net
