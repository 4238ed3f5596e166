#include "engine/store/folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    char name[] = "/tmp/sluice-folder-XXXXXX";
    top_ = ::mkdtemp(name);
  }
  ~FolderTest() override { fs::remove_all(top_); }

  fs::path top_;
};

TEST_F(FolderTest, MakesWhatIsMissingAndSaysSo) {
  const auto deep = top_ / "a" / "b" / "c/";
  auto made = make_folder(deep);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_TRUE(*made);
  EXPECT_TRUE(fs::is_directory(deep));
  made = make_folder(deep);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_FALSE(*made);
}

TEST_F(FolderTest, RelativePathsBeginInTheWorkingDirectory) {
  const auto before = fs::current_path();
  fs::current_path(top_);
  EXPECT_TRUE(make_folder("plain"));
  EXPECT_TRUE(make_folder("x/y"));
  fs::current_path(before);
  EXPECT_TRUE(fs::is_directory(top_ / "plain"));
  EXPECT_TRUE(fs::is_directory(top_ / "x" / "y"));
}

TEST_F(FolderTest, AFileInTheWayIsAnErrorThatNamesIt) {
  std::ofstream(top_ / "file") << "here";
  for (const auto& path : {top_ / "file", top_ / "file" / "below"}) {
    const auto made = make_folder(path);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().text.find(path), std::string::npos) << made.error().text;
  }
}

TEST_F(FolderTest, SyncingWhatIsNotThereFails) {
  const auto synced = sync_folder(top_ / "nothing");
  ASSERT_FALSE(synced);
  EXPECT_EQ(synced.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace sluice::store
