#include "queue/lane_table.hpp"

#include <gtest/gtest.h>

namespace sluice::queue {
namespace {

StreamPtr stream(StreamId id) { return std::make_shared<Stream>(id, StreamSettings{}, StreamState::running); }

TEST(LaneTable, ALaneIsFoundByItsNameUntilItIsRemoved) {
  LaneTable lanes;
  auto& first = lanes.add(stream(1), {1, Phase::first, "d.test"});
  auto& retry = lanes.add(stream(1), {1, Phase::retry, "d.test"});
  EXPECT_EQ(lanes.find({1, Phase::first, "d.test"}), &first);
  EXPECT_EQ(lanes.find({1, Phase::retry, "d.test"}), &retry);
  EXPECT_EQ(lanes.find({2, Phase::first, "d.test"}), nullptr);
  EXPECT_EQ(lanes.find({1, Phase::first, "e.test"}), nullptr);
  const LaneRef ref{first.slot, first.generation, 1};
  lanes.remove(first);
  EXPECT_EQ(lanes.find({1, Phase::first, "d.test"}), nullptr);
  auto& other = lanes.add(stream(3), {3, Phase::first, "f.test"});
  EXPECT_EQ(other.slot, ref.slot) << "the slot is used again";
  EXPECT_EQ(lanes.at(ref), nullptr) << "but not for whoever means the lane before";
}

TEST(FeederLane, NothingBelowRowsGivenBackIsHeldForSettled) {
  FeederLane lane;
  lane.runs = {{1, 0, 100}, {2, 5, 164}};
  lane.next_row = 146;  // given back out of the first run, to be read again
  lane.drop_settled_runs();
  ASSERT_EQ(lane.runs.size(), 1U);
  EXPECT_EQ(lane.low(), 146U);
  lane.next_row = 169;
  EXPECT_EQ(lane.low(), 164U);
}

TEST(FeederLane, ARetryIsInMemoryOnce) {
  FeederLane lane;
  EXPECT_TRUE(lane.add_row(20, 1));
  EXPECT_TRUE(lane.add_row(10, 7));
  EXPECT_FALSE(lane.add_row(20, 1));
  EXPECT_EQ(lane.rows.front().first, 10U);
  lane.erase_row(10, 7);
  lane.erase_row(10, 7);
  EXPECT_EQ(lane.rows.size(), 1U);
}

}  // namespace
}  // namespace sluice::queue
