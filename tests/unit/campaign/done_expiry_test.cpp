#include "engine/campaign/done_expiry.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sluice::campaign {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class DoneExpiry : public testing::Test {
 protected:
  DoneExpiry() {
    char name[] = "/tmp/sluice-done-XXXXXX";
    folder_ = ::mkdtemp(name);
    fs::create_directory(folder_ / "done");
  }
  ~DoneExpiry() override { fs::remove_all(folder_); }

  fs::path add(const std::string& name, std::chrono::hours ago) {
    const auto path = folder_ / "done" / name;
    fs::create_directory(path);
    std::ofstream(path / "report.json") << "{}";
    fs::last_write_time(path, now_ - ago);
    return path;
  }
  std::size_t expire() { return expire_done(folder_ / "done", 100h, now_); }

  fs::path folder_;
  const fs::file_time_type now_ = fs::file_time_type::clock::now();
};

TEST_F(DoneExpiry, RemovesOldDirectoriesOnly) {
  const auto old = add("old", 101h);
  const auto young = add("young", 99h);
  EXPECT_EQ(expire(), 1u);
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young / "report.json"));
}

TEST_F(DoneExpiry, FollowsNoLink) {
  fs::create_directory(folder_ / "elsewhere");
  fs::last_write_time(folder_ / "elsewhere", now_ - 500h);
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "done" / "link");
  const auto old = add("old", 101h);
  fs::create_directory_symlink(folder_ / "elsewhere", old / "link");
  fs::last_write_time(old, now_ - 101h);
  EXPECT_EQ(expire(), 1u);
  EXPECT_TRUE(fs::exists(folder_ / "elsewhere"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "done" / "link"));
}

TEST_F(DoneExpiry, RemovesABoundedNumberAtOnce) {
  for (std::size_t i = 0; i < kRemovedAtOnce + 3; ++i) add("old" + std::to_string(i), 101h);
  EXPECT_EQ(expire(), kRemovedAtOnce);
  EXPECT_EQ(expire(), 3u);
  EXPECT_EQ(expire(), 0u);
}

TEST_F(DoneExpiry, AFolderThatIsNotThereIsNoError) {
  EXPECT_EQ(expire_done(folder_ / "none", 100h, now_), 0u);
}

}  // namespace
}  // namespace sluice::campaign
