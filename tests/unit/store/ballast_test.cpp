#include "engine/store/ballast.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

class BallastFile : public ::testing::Test {
 protected:
  BallastFile() {
    char name[] = "/tmp/sluice-ballast-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/ballast";
  }
  ~BallastFile() override { fs::remove_all(folder_); }

  [[nodiscard]] std::uint64_t allocated() const {
    struct stat file{};
    return ::stat(path_.c_str(), &file) == 0 ? static_cast<std::uint64_t>(file.st_blocks) * 512 : 0;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(BallastFile, TakesItsRoomAndGivesItUpOnce) {
  Ballast ballast(path_, 1u << 20);
  EXPECT_EQ(ballast.missing(), 1u << 20);
  EXPECT_FALSE(ballast.release());
  ASSERT_TRUE(ballast.take());
  EXPECT_EQ(ballast.missing(), 0u);
  EXPECT_GE(allocated(), 1u << 20);
  EXPECT_TRUE(ballast.release());
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_FALSE(ballast.release());
  EXPECT_EQ(ballast.missing(), 1u << 20);
}

TEST_F(BallastFile, IsFoundAgainAfterARestart) {
  ASSERT_TRUE(Ballast(path_, 1u << 20).take());
  Ballast again(path_, 1u << 20);
  EXPECT_EQ(again.missing(), 0u);
  EXPECT_TRUE(again.release());
}

TEST_F(BallastFile, AFileThatTakesNoRoomOrOfAnotherSizeIsMadeAnew) {
  std::ofstream(path_).close();
  fs::resize_file(path_, 1u << 20);  // a hole
  Ballast hollow(path_, 1u << 20);
  EXPECT_EQ(hollow.missing(), 1u << 20);
  ASSERT_TRUE(hollow.take());
  EXPECT_GE(allocated(), 1u << 20);
  Ballast larger(path_, 2u << 20);
  ASSERT_TRUE(larger.take());
  EXPECT_EQ(fs::file_size(path_), 2u << 20);
}

TEST_F(BallastFile, LeavesNothingBehindWhereItCannotBeTaken) {
  Ballast huge(path_, 1ull << 60);
  EXPECT_FALSE(huge.take());
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_EQ(huge.missing(), 1ull << 60);
  fs::create_symlink(folder_ + "/elsewhere", path_);
  Ballast linked(path_, 4096);
  EXPECT_FALSE(linked.take());
  EXPECT_FALSE(fs::exists(folder_ + "/elsewhere"));
}

TEST_F(BallastFile, OfNoBytesIsNoneAndRemovesAnOldOne) {
  ASSERT_TRUE(Ballast(path_, 4096).take());
  const Ballast none(path_, 0);
  EXPECT_EQ(none.missing(), 0u);
  none.remove_old();
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace sluice::store
