#include "engine/control/thread_probe.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace sluice::control {
namespace {

using std::chrono::seconds;

TEST(ThreadProbe, TellsOfAThreadThatDoesNotAnswer) {
  std::deque<std::function<void()>> tasks;
  ThreadProbe probe;
  probe.watch("delivery-0", [&tasks](std::function<void()> task) { tasks.push_back(std::move(task)); });
  const auto start = from_ms(1'780'000'000'000);
  probe.tick(start);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(probe.stalls(start + seconds(1)).front().since.count(), 0) << "a second is no stall";
  for (int i = 1; i <= 40; ++i) probe.tick(start + seconds(i));
  EXPECT_EQ(tasks.size(), 1U) << "it is not asked again before it has answered";
  EXPECT_EQ(probe.stalls(start + seconds(40)).front().since.count(), 40);
  tasks.front()();
  EXPECT_EQ(probe.stalls(start + seconds(40)).front().since.count(), 0);
  probe.tick(start + seconds(41));
  EXPECT_EQ(tasks.size(), 2U);
}

}  // namespace
}  // namespace sluice::control
