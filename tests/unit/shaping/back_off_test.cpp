#include "engine/shaping/back_off.hpp"

#include <gtest/gtest.h>

#include "engine/shaping/pace_meter.hpp"

namespace sluice::shaping {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Instant kStart = from_ms(1'800'000'000'000);

Gait gait() {
  Gait out;
  out.pause = seconds(60);
  out.recover_every = minutes(5);
  return out;
}

TEST(BackOff, AStormOfRefusalsIsOneStep) {
  BackOff slow(Action::slow, gait());
  Random random(1);
  EXPECT_TRUE(slow.refuse(kStart, {1000, 100}, 4, random));
  EXPECT_DOUBLE_EQ(slow.rate(), 50);
  EXPECT_GE(slow.pause_until(), kStart + seconds(60));
  EXPECT_LE(slow.pause_until(), kStart + seconds(66));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(slow.refuse(kStart + seconds(i / 20), {1000, 100}, 4, random));
  EXPECT_DOUBLE_EQ(slow.rate(), 50);
  EXPECT_EQ(slow.steps_down(), 1U);
}

TEST(BackOff, GoesDownFastAndUpGently) {
  BackOff slow(Action::slow, gait());
  Random random(1);
  slow.refuse(kStart, {400, 100}, 4, random);
  const auto first_pause = slow.pause_until() - kStart;
  const auto again = slow.pause_until() + seconds(1);
  EXPECT_TRUE(slow.refuse(again, {50, 40}, 4, random));
  EXPECT_DOUBLE_EQ(slow.rate(), 25);
  EXPECT_GT(slow.pause_until() - again, first_pause * 3 / 2) << "the second pause is about twice the first";
  auto now = slow.pause_until();
  EXPECT_FALSE(slow.advance(now + minutes(5) - seconds(1)));
  EXPECT_TRUE(slow.advance(now + minutes(5)));
  EXPECT_DOUBLE_EQ(slow.rate(), 31.25);
}

TEST(BackOff, IsOverFarBeyondWhatWasTakenAndNotBefore) {
  BackOff slow(Action::slow, gait());
  Random random(1);
  slow.refuse(kStart, {400, 100}, 4, random);
  auto now = kStart;
  int steps = 0;
  while (!slow.over() && steps < 100) {
    now = slow.next_step();
    ASSERT_TRUE(slow.advance(now));
    ++steps;
  }
  EXPECT_TRUE(slow.over());
  EXPECT_EQ(steps, 17) << "50/s, a quarter more each time, to 20 times the 100/s that were taken";
  EXPECT_FALSE(slow.advance(now + minutes(60)));
  EXPECT_FALSE(slow.refuse(now + minutes(60), {1, 1}, 1, random)) << "a new refusal is a new back-off";
}

TEST(BackOff, EachFailedTryBeyondWhatWasRefusedMakesTheNextRarer) {
  BackOff slow(Action::slow, gait());
  Random random(1);
  auto now = kStart;
  slow.refuse(now, {1000, 100}, 4, random);
  std::vector<double> hours;
  auto before = now;
  for (int refusals = 0; refusals < 6; ++refusals) {
    while (slow.rate() < 100) {
      now = slow.next_step();
      slow.advance(now);
    }
    now += seconds(1);
    ASSERT_TRUE(slow.refuse(now, {100, 90}, 4, random));
    hours.push_back(std::chrono::duration<double, std::ratio<3600>>(now - before).count());
    before = now;
  }
  EXPECT_GT(hours.back(), 2 * hours.front());
}

TEST(BackOff, NeverGoesBelowTheLeastRate) {
  auto floor = gait();
  floor.least = {6, minutes(1), 1};
  BackOff slow(Action::slow, floor);
  Random random(1);
  auto now = kStart;
  for (int i = 0; i < 20; ++i) {
    slow.refuse(now, {0, 0}, 0, random);
    now = slow.pause_until();
  }
  EXPECT_DOUBLE_EQ(slow.rate(), 0.1);
  EXPECT_LE(slow.pause_until(), now + minutes(66)) << "pause_max and its jitter";
}

TEST(BackOff, KeepsTheConnectionsThatWereTaken) {
  BackOff cap(Action::connections, gait());
  Random random(1);
  EXPECT_TRUE(cap.refuse(kStart, {10, 10}, 5, random));
  EXPECT_EQ(cap.connections(), 5U);
  EXPECT_FALSE(cap.refuse(kStart + seconds(1), {10, 10}, 5, random));
  EXPECT_TRUE(cap.advance(cap.next_step()));
  EXPECT_EQ(cap.connections(), 6U);
  const auto refused = cap.next_step() - seconds(1);
  EXPECT_TRUE(cap.refuse(refused, {10, 10}, 5, random));
  EXPECT_EQ(cap.connections(), 5U);
  EXPECT_GE(cap.next_step() - refused, minutes(10)) << "the next try waits twice as long";
}

TEST(BackOff, AllowsOneConnectionAtLeast) {
  BackOff cap(Action::connections, gait());
  Random random(1);
  cap.refuse(kStart, {}, 0, random);
  EXPECT_EQ(cap.connections(), 1U);
}

TEST(BackOff, GivesConnectionsUpTheLimitBackInTheEnd) {
  BackOff cap(Action::connections, gait());
  Random random(1);
  cap.refuse(kStart, {}, 2, random);
  int steps = 0;
  while (!cap.over() && steps < 100) {
    cap.advance(cap.next_step());
    ++steps;
  }
  EXPECT_LE(steps, 10);
}

TEST(BackOff, RemembersAPauseForAWhileAfterIt) {
  BackOff pause(Action::pause, gait());
  Random random(1);
  pause.refuse(kStart, {}, 0, random);
  const auto again = pause.pause_until() + minutes(1);
  EXPECT_FALSE(pause.advance(again));
  EXPECT_TRUE(pause.refuse(again, {}, 0, random));
  EXPECT_GE(pause.pause_until() - again, seconds(120));
  EXPECT_TRUE(pause.advance(pause.next_step()));
  EXPECT_TRUE(pause.over());
}

TEST(BackOff, WritesRatesThatALimitCanKeep) {
  EXPECT_EQ(to_rate(100).text(), "100/s");
  EXPECT_EQ(to_rate(2).count, 120U);
  EXPECT_EQ(to_rate(2).burst, 1U);
  EXPECT_EQ(to_rate(0.1).text(), "360/h burst 1");
  EXPECT_EQ(to_rate(0).count, 1U);
  EXPECT_NEAR(per_second(to_rate(0.1)), 0.1, 1e-9);
}

TEST(PaceMeter, CountsOnlyTheSecondsInWhichSomethingWasTried) {
  PaceMeter meter;
  EXPECT_EQ(meter.pace(kStart).tried, 0);
  meter.add(kStart, 300, 100);
  meter.add(kStart + seconds(1), 100, 100);
  EXPECT_DOUBLE_EQ(meter.pace(kStart + seconds(1)).tried, 200);
  EXPECT_DOUBLE_EQ(meter.pace(kStart + seconds(1)).taken, 100);
  EXPECT_EQ(meter.pace(kStart + minutes(1)).tried, 0) << "long ago";
}

}  // namespace
}  // namespace sluice::shaping
