#include "engine/store/stall_watch.hpp"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

using rocksdb::WriteStallCondition;

rocksdb::WriteStallInfo change(WriteStallCondition from, WriteStallCondition to) {
  rocksdb::WriteStallInfo out;
  out.condition = {.cur = to, .prev = from};
  return out;
}

TEST(StallWatch, CountsWhatGetsWorseAndKnowsWhenItIsOver) {
  constexpr auto kNormal = WriteStallCondition::kNormal;
  constexpr auto kDelayed = WriteStallCondition::kDelayed;
  constexpr auto kStopped = WriteStallCondition::kStopped;
  StallWatch watch;
  EXPECT_FALSE(watch.stalled());
  watch.OnStallConditionsChanged(change(kNormal, kDelayed));
  EXPECT_TRUE(watch.stalled());
  watch.OnStallConditionsChanged(change(kNormal, kStopped));  // another family
  watch.OnStallConditionsChanged(change(kDelayed, kNormal));
  EXPECT_TRUE(watch.stalled());
  watch.OnStallConditionsChanged(change(kStopped, kNormal));
  EXPECT_FALSE(watch.stalled());
  EXPECT_EQ(watch.stalls(), 2u);
}

}  // namespace
}  // namespace sluice::store
