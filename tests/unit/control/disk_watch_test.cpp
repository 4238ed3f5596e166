#include "engine/control/disk_watch.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using store::Room;

/// The disk as the test says it is.
struct Told {
  std::uint64_t free_bytes = 10'000;
  std::uint64_t total_bytes = 1'000'000;
  bool readable = true;
};

struct FakeSpace final : store::DiskSpace {
  explicit FakeSpace(const Told& t) : told(t) {}
  [[nodiscard]] Expected<store::DiskSize> measure() const override {
    if (!told.readable) return fail(ErrorCode::io, "no disk");
    return store::DiskSize{told.free_bytes, told.total_bytes};
  }
  const Told& told;
};

class DiskWatchTest : public ::testing::Test {
 protected:
  DiskWatchTest() {
    char name[] = "/tmp/sluice-watch-XXXXXX";
    folder_ = ::mkdtemp(name);
    queue::Options options;
    options.store.path = folder_ + "/store";
    auto opened = queue::Queue::open(options, clock_);
    EXPECT_TRUE(opened);
    queue_ = std::move(*opened);
  }
  ~DiskWatchTest() override {
    watch_.reset();
    queue_.reset();
    fs::remove_all(folder_);
  }

  void watch(const store::DiskLimits& limits) {
    auto made = DiskWatch::make({folder_, limits}, *queue_, std::make_unique<FakeSpace>(told_));
    ASSERT_TRUE(made);
    watch_ = std::move(*made);
  }
  bool look_later() {
    clock_.advance(std::chrono::seconds(1));
    return watch_->look(clock_.now());
  }
  [[nodiscard]] Room room() const { return queue_->disk().room(); }
  [[nodiscard]] bool has_ballast() const { return fs::exists(folder_ + "/ballast"); }

  ManualClock clock_{from_ms(1'764'104'400'000)};
  std::string folder_;
  Told told_;
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<DiskWatch> watch_;
};

TEST_F(DiskWatchTest, KnowsTheDiskBeforeAnythingStarts) {
  told_.free_bytes = 100;
  watch({1000, 200, 0});
  EXPECT_EQ(room(), Room::none);
}

TEST_F(DiskWatchTest, RefusesThenStopsAndSaysWhenLeasingMayGoOn) {
  watch({1000, 200, 0});
  EXPECT_EQ(room(), Room::plenty);
  EXPECT_TRUE(queue_->disk().why().empty());
  told_.free_bytes = 900;
  EXPECT_FALSE(look_later());
  EXPECT_EQ(room(), Room::low);
  EXPECT_NE(queue_->disk().why().find("refuse_below"), std::string::npos);
  told_.free_bytes = 100;
  EXPECT_FALSE(look_later());
  EXPECT_EQ(room(), Room::none);
  EXPECT_NE(queue_->disk().why().find("stop_below"), std::string::npos);
  told_.free_bytes = 900;
  EXPECT_TRUE(look_later());
  EXPECT_EQ(room(), Room::low);
  told_.free_bytes = 2000;
  EXPECT_FALSE(look_later());
  EXPECT_EQ(room(), Room::plenty);
  EXPECT_TRUE(queue_->disk().why().empty());
}

TEST_F(DiskWatchTest, MeasuresOncePerInterval) {
  watch({1000, 200, 0});
  EXPECT_FALSE(look_later());
  told_.free_bytes = 100;
  static_cast<void>(watch_->look(clock_.now()));
  EXPECT_EQ(room(), Room::plenty);
}

TEST_F(DiskWatchTest, KeepsToWhatItKnewWhenTheDiskCannotBeMeasured) {
  watch({1000, 200, 0});
  told_.free_bytes = 100;
  look_later();
  told_.readable = false;
  EXPECT_FALSE(look_later());
  EXPECT_EQ(room(), Room::none);
}

TEST_F(DiskWatchTest, ABallastThatIsMissingCountsAsUsed) {
  told_.free_bytes = 6000;
  watch({1000, 200, 4096});
  EXPECT_TRUE(has_ballast());
  told_.free_bytes = 1001;  // the file takes its room: this much is free besides
  look_later();
  EXPECT_EQ(room(), Room::plenty);
  watch_->on_commit_failed({ErrorCode::no_space, "full"});
  EXPECT_FALSE(has_ballast());
  told_.free_bytes = 4096 + 100;  // what it gave up is not free for new work
  look_later();
  EXPECT_EQ(room(), Room::none);
  EXPECT_FALSE(has_ballast());
  told_.free_bytes = 4096 + 5000;
  EXPECT_TRUE(look_later());
  EXPECT_EQ(room(), Room::plenty);
  EXPECT_TRUE(has_ballast());
}

TEST_F(DiskWatchTest, OnlyAFullDiskCostsTheBallast) {
  watch({1000, 200, 4096});
  watch_->on_commit_failed({ErrorCode::io, "a bad sector"});
  EXPECT_TRUE(has_ballast());
}

}  // namespace
}  // namespace sluice::control
