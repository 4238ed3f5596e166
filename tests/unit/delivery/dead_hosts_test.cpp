// Hosts that could not be reached are left out for a while, and not for ever.
#include "engine/delivery/dead_hosts.hpp"

#include <gtest/gtest.h>

namespace sluice::delivery {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{std::chrono::hours(1)};

DeadHosts::Host host(unsigned number, std::size_t source = 0) {
  return {source, boost::asio::ip::address_v4(0x0a000000 + number), 25};
}

TEST(DeadHosts, IsLeftOutForItsTime) {
  DeadHosts hosts;
  EXPECT_FALSE(hosts.dead(host(1), kStart));
  hosts.failed(host(1), kStart);
  EXPECT_TRUE(hosts.dead(host(1), kStart + 59s));
  EXPECT_FALSE(hosts.dead(host(1), kStart + 60s));
  EXPECT_FALSE(hosts.dead(host(2), kStart));
}

TEST(DeadHosts, FailuresInARowDoubleTheTimeUpToABound) {
  DeadHosts hosts;
  auto now = kStart;
  for (const auto wait : {60s, 120s, 240s, 480s, 900s, 900s}) {
    hosts.failed(host(1), now);
    EXPECT_TRUE(hosts.dead(host(1), now + wait - 1s));
    now += wait;
    EXPECT_FALSE(hosts.dead(host(1), now));
  }
}

TEST(DeadHosts, FailuresOfTheSameMomentAreOne) {
  DeadHosts hosts;
  for (int i = 0; i < 5; ++i) hosts.failed(host(1), kStart + std::chrono::milliseconds(i));
  EXPECT_FALSE(hosts.dead(host(1), kStart + 61s));
}

TEST(DeadHosts, ASuccessForgetsIt) {
  DeadHosts hosts;
  hosts.failed(host(1), kStart);
  hosts.failed(host(1), kStart + 60s);
  hosts.worked(host(1));
  EXPECT_FALSE(hosts.dead(host(1), kStart + 61s));
  hosts.failed(host(1), kStart + 100s);
  EXPECT_FALSE(hosts.dead(host(1), kStart + 160s));
}

TEST(DeadHosts, OneSourcesFailureSaysNothingOfAnother) {
  DeadHosts hosts;
  hosts.failed(host(1, 0), kStart);
  EXPECT_FALSE(hosts.dead(host(1, 1), kStart));
}

TEST(DeadHosts, HoldsNoMoreThanItsBound) {
  DeadHosts hosts({.max_hosts = 100});
  for (unsigned i = 0; i < 1000; ++i) hosts.failed(host(i), kStart + std::chrono::milliseconds(i));
  EXPECT_EQ(hosts.size(), 100U);
  EXPECT_TRUE(hosts.dead(host(999), kStart + 2s));
  EXPECT_FALSE(hosts.dead(host(0), kStart + 2s));
}

TEST(DeadHosts, ForgetsWhatNobodyTriesAnyMore) {
  DeadHosts hosts;
  hosts.failed(host(1), kStart);
  hosts.failed(host(2), kStart + 2h);
  EXPECT_EQ(hosts.size(), 1U);
}

}  // namespace
}  // namespace sluice::delivery
