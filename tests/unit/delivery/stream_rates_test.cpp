#include "engine/delivery/stream_rates.hpp"

#include <gtest/gtest.h>

#include "throttle/permits.hpp"

namespace sluice::delivery {
namespace {

struct Parts {
  std::unique_ptr<throttle::PolicySet> policies = throttle::PolicySet::create({}).value();
  ManualClock clock{from_ms(1'780'000'000'000)};
};

queue::StreamPtr stream(StreamId id, const std::string& rate) {
  queue::StreamSettings settings;
  settings.name = "autumn";
  settings.rate = rate;
  return std::make_shared<queue::Stream>(id, settings, queue::StreamState::running);
}

TEST(StreamRates, AStreamWithoutARateHasNoLimit) {
  const Parts parts;
  StreamRates rates(*parts.policies, parts.clock);
  EXPECT_EQ(rates.of(*stream(1, "")), nullptr);
}

TEST(StreamRates, AllLanesOfAStreamShareOneBucket) {
  const Parts parts;
  StreamRates rates(*parts.policies, parts.clock);
  const auto one = stream(1, "10/s burst 3");
  const auto limit = rates.of(*one);
  ASSERT_NE(limit, nullptr);
  EXPECT_EQ(rates.of(*one), limit);
  EXPECT_NE(rates.of(*stream(2, "10/s burst 3")), limit);
  EXPECT_EQ(limit->available(Instant(std::chrono::seconds(1'000'000))), 3U);
  EXPECT_NE(limit->name().find("campaign \"autumn\" rate"), std::string::npos) << limit->name();
}

TEST(StreamRates, EndedStreamsAreForgotten) {
  const Parts parts;
  StreamRates rates(*parts.policies, parts.clock);
  std::weak_ptr<throttle::Limit> ended;
  std::weak_ptr<throttle::Limit> running;
  std::vector<queue::StreamPtr> streams;
  for (StreamId id = 1; id <= 200; ++id) {
    streams.push_back(stream(id, "10/s"));
    const auto limit = rates.of(*streams.back());
    if (id == 1) ended = limit;
    if (id == 2) running = limit;
    if (id == 1) streams.back()->set_state(queue::StreamState::done);
  }
  EXPECT_TRUE(ended.expired());
  EXPECT_FALSE(running.expired());
}

TEST(StreamRates, ASlowRateGoesOnWhereARestartCutItOff) {
  const Parts before;
  const auto now = before.clock.now();
  StreamRates rates(*before.policies, before.clock);
  const auto limit = rates.of(*stream(1, "10/hr burst 5"));
  throttle::Limit* const one[] = {limit.get()};
  ASSERT_TRUE(throttle::acquire(one, 4, now));

  const Parts after;
  after.policies->restore(before.policies->take_changed(now), {}, now);
  StreamRates again(*after.policies, after.clock);
  EXPECT_EQ(again.of(*stream(1, "10/hr burst 5"))->available(now), 1U);
}

TEST(StreamRates, ADamagedRateIsNoLimit) {
  const Parts parts;
  StreamRates rates(*parts.policies, parts.clock);
  EXPECT_EQ(rates.of(*stream(1, "fast")), nullptr);
}

}  // namespace
}  // namespace sluice::delivery
