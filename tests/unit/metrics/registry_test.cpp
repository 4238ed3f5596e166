#include "metrics/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "metrics/catalog.hpp"

namespace sluice::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Registry, AddsTheCellsOfAllThreadsUp) {
  Registry registry;
  auto& one = registry.make_shard();
  auto& two = registry.make_shard();
  one.cell(kDelivered, {"google", "none"}).add(3);
  two.cell(kDelivered, {"google", "none"}).add(4);
  two.cell(kDelivered, {"yahoo", "none"}).add();
  const auto text = to_text(registry);
  EXPECT_THAT(text, HasSubstr("sluice_delivered_total{provider=\"google\",class=\"none\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("sluice_delivered_total{provider=\"yahoo\",class=\"none\"} 1\n"));
}

TEST(Registry, GivesTheSameCellForTheSameValues) {
  Registry registry;
  auto& shard = registry.make_shard();
  EXPECT_EQ(&shard.cell(kExpired, {"google"}), &shard.cell(kExpired, {"google"}));
  EXPECT_NE(&shard.cell(kExpired, {"google"}), &shard.cell(kExpired, {"yahoo"}));
  EXPECT_EQ(&shard.histogram(kDkimSign, {}), &shard.histogram(kDkimSign, {}));
}

TEST(Registry, AGaugeIsTheSumOverThreads) {
  Registry registry;
  registry.make_shard().cell(kConnections, {"google", "a", "open"}).add(5);
  auto& other = registry.make_shard().cell(kConnections, {"google", "a", "open"});
  other.add(2);
  other.add(-1);
  EXPECT_THAT(to_text(registry),
              HasSubstr("sluice_connections{provider=\"google\",source=\"a\",state=\"open\"} 6\n"));
}

TEST(Registry, BucketsOfAHistogramCount) {
  Registry registry;
  auto& shard = registry.make_shard();
  auto& cell = shard.histogram(kTimeInQueue, {"google", "first"});
  cell.observe(1);  // its own bound belongs to a bucket
  cell.observe(1.5);
  cell.observe(1e9);
  const auto text = to_text(registry);
  const std::string series = "sluice_time_in_queue_seconds_bucket{provider=\"google\",lane=\"first\",le=\"";
  EXPECT_THAT(text, HasSubstr(series + "1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(series + "5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(series + "86400\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(series + "+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("sluice_time_in_queue_seconds_count{provider=\"google\",lane=\"first\"} 3\n"));
}

TEST(Registry, ValuesBeyondALabelsBoundAreOther) {
  Registry registry;
  auto& shard = registry.make_shard();
  for (int i = 0; i < 100; ++i) shard.cell(kExpired, {"provider-" + std::to_string(i)}).add();
  const auto text = to_text(registry);
  EXPECT_THAT(text, HasSubstr("{provider=\"provider-63\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("provider-64")));
  EXPECT_THAT(text, HasSubstr("{provider=\"other\"} 36\n"));
  // The bound is the label's, not the family's.
  shard.cell(kInDoubt, {"provider-64"}).add();
  EXPECT_THAT(to_text(registry), HasSubstr("sluice_in_doubt_total{provider=\"other\"} 1\n"));
}

TEST(Registry, ChildrenBeyondAFamilysBoundAreOther) {
  Registry registry;
  auto& shard = registry.make_shard();
  for (int i = 0; i < 64; ++i) {
    for (int k = 0; k < 20; ++k) {
      shard.cell(kDeferred, {"p" + std::to_string(i), "class" + std::to_string(k)}).add();
    }
  }
  const auto families = registry.Collect();
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].metric.size(), kDeferred.max_children + 1);
  double sum = 0;
  for (const auto& metric : families[0].metric) sum += metric.counter.value;
  EXPECT_EQ(sum, 64 * 20);  // nothing is lost, only merged
}

TEST(Registry, NoProviderIsOther) {
  Registry registry;
  registry.make_shard().cell(kExpired, {""}).add();
  EXPECT_THAT(to_text(registry), HasSubstr("sluice_expired_total{provider=\"other\"} 1\n"));
}

TEST(Registry, HostileValuesCannotBreakThePage) {
  Registry registry;
  auto& shard = registry.make_shard();
  shard.cell(kExpired, {"a\"} 1\nsluice_fake 1\n\x1f\xff\\"}).add();
  shard.cell(kExpired, {std::string(100'000, 'x')}).add();
  const auto text = to_text(registry);
  EXPECT_THAT(text, Not(HasSubstr("\nsluice_fake")));
  EXPECT_THAT(text, HasSubstr("provider=\"a\\\"} 1?sluice_fake 1???\\\\\"} 1\n"));
  EXPECT_LT(text.size(), 1000U);
}

TEST(Registry, SamplersAreAskedEachTime) {
  Registry registry;
  double free = 1;
  registry.add_sampler([&free](Samples& out) { out.put(kDiskFree, {}, free); });
  EXPECT_THAT(to_text(registry), HasSubstr("sluice_disk_free_bytes 1\n"));
  free = 2;
  EXPECT_THAT(to_text(registry), HasSubstr("sluice_disk_free_bytes 2\n"));
}

TEST(Registry, ValuesThatChangeWithTimeDoNotPileUp) {
  Registry registry;
  int round = 0;
  registry.add_sampler([&round](Samples& out) {
    for (std::size_t i = 0; i < 2 * kCampaignEta.max_children; ++i) {
      out.put(kCampaignEta, {"shop", std::to_string(round) + "-" + std::to_string(i)}, 1);
    }
  });
  for (; round < 100; ++round) {
    const auto families = registry.Collect();
    ASSERT_EQ(families.size(), 1U);
    ASSERT_LE(families[0].metric.size(), kCampaignEta.max_children + 1);
    EXPECT_EQ(families[0].metric.back().label[1].value, std::to_string(round) + "-9");
  }
}

TEST(Registry, CollectingWhileThreadsCountLosesNothing) {
  Registry registry;
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  std::vector<std::thread> threads;
  std::atomic<int> left{kThreads};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&registry, &left, t] {
      auto& shard = registry.make_shard();
      for (int i = 0; i < kEach; ++i) shard.cell(kExpired, {"p" + std::to_string((i + t) % 50)}).add();
      --left;
    });
  }
  while (left > 0) (void)registry.Collect();
  for (auto& thread : threads) thread.join();
  double sum = 0;
  const auto families = registry.Collect();
  for (const auto& metric : families.front().metric) sum += metric.counter.value;
  EXPECT_EQ(sum, kThreads * kEach);
}

}  // namespace
}  // namespace sluice::metrics
