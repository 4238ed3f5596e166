#include "engine/store/disk_room.hpp"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

constexpr DiskLimits kLimits{1000, 200, 50};

TEST(DiskRoom, EntersALevelBelowItsThreshold) {
  EXPECT_EQ(next_room(Room::plenty, 1000, kLimits), Room::plenty);
  EXPECT_EQ(next_room(Room::plenty, 999, kLimits), Room::low);
  EXPECT_EQ(next_room(Room::low, 200, kLimits), Room::low);
  EXPECT_EQ(next_room(Room::low, 199, kLimits), Room::none);
  EXPECT_EQ(next_room(Room::plenty, 0, kLimits), Room::none);
}

TEST(DiskRoom, LeavesALevelOnlyWithAMarginAboveIt) {
  EXPECT_EQ(next_room(Room::none, 219, kLimits), Room::none);
  EXPECT_EQ(next_room(Room::none, 220, kLimits), Room::low);
  EXPECT_EQ(next_room(Room::low, 1099, kLimits), Room::low);
  EXPECT_EQ(next_room(Room::low, 1100, kLimits), Room::plenty);
  EXPECT_EQ(next_room(Room::none, 1099, kLimits), Room::low);
  EXPECT_EQ(next_room(Room::none, 1100, kLimits), Room::plenty);
}

TEST(DiskRoom, ZeroTurnsAThresholdOff) {
  EXPECT_EQ(next_room(Room::plenty, 0, {0, 0, 0}), Room::plenty);
  EXPECT_EQ(next_room(Room::plenty, 0, {10, 0, 0}), Room::low);
}

TEST(DiskRoom, ThresholdsFitASmallDisk) {
  constexpr DiskLimits kDefaults{};
  EXPECT_EQ(kDefaults.fitted_to(100ull << 30), kDefaults);
  EXPECT_EQ(kDefaults.fitted_to(64u << 20), (DiskLimits{32u << 20, 16u << 20, 8u << 20}));
}

TEST(DiskState, SaysWhatMayBeDone) {
  DiskState state;
  EXPECT_TRUE(state.may_accept() && state.may_lease());
  state.set(Room::low, "12 MiB are free");
  EXPECT_FALSE(state.may_accept());
  EXPECT_TRUE(state.may_lease());
  EXPECT_EQ(state.why(), "12 MiB are free");
  state.set(Room::none, "nothing is free");
  EXPECT_FALSE(state.may_accept() || state.may_lease());
}

}  // namespace
}  // namespace sluice::store
