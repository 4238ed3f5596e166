#include "engine/base/clock.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Clock, PrintsRfc3339InUtc) {
  EXPECT_EQ(to_rfc3339(from_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(from_ms(1'764'097'200'123)), "2025-11-25T19:00:00.123Z");
  EXPECT_EQ(to_rfc3339(from_ms(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(from_ms(253'402'300'799'999)), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(from_ms(253'402'300'800'000)), "10000-01-01T00:00:00.000Z");
}

TEST(Clock, SystemClockNeverGoesBack) {
  const SystemClock clock;
  auto last = clock.now();
  for (int i = 0; i < 1000; ++i) {
    const auto now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, ManualClockMovesOnlyWhenTold) {
  ManualClock clock(from_ms(10));
  EXPECT_EQ(clock.now(), from_ms(10));
  clock.advance(std::chrono::milliseconds(5));
  EXPECT_EQ(clock.now(), from_ms(15));
}

}  // namespace
}  // namespace sluice
