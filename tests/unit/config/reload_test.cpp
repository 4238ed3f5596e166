#include "config/reload.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sluice::config {
namespace {

constexpr const char* kTwo =
    "[[source]]\nname = \"a\"\naddress = \"127.0.0.1\"\n[[source]]\nname = \"b\"\naddress = \"127.0.0.2\"\n";

Config config_of(const std::string& text) {
  auto loaded = load_text(text, "c.toml");
  EXPECT_TRUE(loaded) << to_text(loaded.error());
  return loaded ? loaded->config : Config{};
}

TEST(Diff, SaysWhichChangesAReloadApplies) {
  const auto changes = diff(config_of("workers = 2\n"), config_of("workers = 4\n[log]\nlevel = \"debug\"\n"));
  EXPECT_EQ(changes, (std::vector<Change>{{"workers", "2", "4", false},
                                          {"log.level", "\"info\"", "\"debug\"", true}}));
}

TEST(Diff, MatchesEntriesByName) {
  const auto changes =
      diff(config_of(kTwo), config_of("[[source]]\nname = \"b\"\naddress = \"127.0.0.3\"\n"));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].path, "source[a]");
  EXPECT_EQ(changes[0].to, "");
  EXPECT_EQ(changes[1], (Change{"source[b].address", "\"127.0.0.2\"", "\"127.0.0.3\"", false}));
}

TEST(Diff, OfEqualsIsEmpty) { EXPECT_EQ(diff(config_of(kTwo), config_of(kTwo)), std::vector<Change>{}); }

TEST(Merge, TakesOnlyWhatIsLive) {
  const auto merged = merge(config_of("workers = 2\n"),
                            config_of("workers = 4\n[log]\nlevel = \"warn\"\n"
                                      "[[policy]]\nmatch = { domain = \"a.test\" }\nconnections = 3\n"));
  EXPECT_EQ(merged.workers, 2u);
  EXPECT_EQ(merged.log.level, "warn");
  EXPECT_EQ(merged.policies.size(), 1u);
}

class CurrentFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice_reload_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& text) { std::ofstream(folder_ / "c.toml") << text; }
  [[nodiscard]] Current open() { return {*load_file((folder_ / "c.toml").string()), LoadOptions{}}; }

  std::filesystem::path folder_;
};

TEST_F(CurrentFile, ReloadAppliesLiveKeysAndReportsTheRestUntilRestart) {
  write("workers = 2\n");
  auto current = open();
  write("workers = 3\n[log]\nlevel = \"error\"\n");
  auto changes = current.reload();
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->size(), 2u);
  EXPECT_EQ(current.config().workers, 2u);
  EXPECT_EQ(current.config().log.level, "error");
  changes = current.reload();
  ASSERT_TRUE(changes);
  EXPECT_EQ(*changes, (std::vector<Change>{{"workers", "2", "3", false}}));
}

TEST_F(CurrentFile, AFileWithProblemsChangesNothing) {
  write("[log]\nlevel = \"warn\"\n");
  auto current = open();
  write("[log]\nlevel = \"error\"\nlevle = 1\n");
  const auto changes = current.reload();
  ASSERT_FALSE(changes);
  EXPECT_EQ(changes.error().size(), 1u);
  EXPECT_EQ(current.config().log.level, "warn");
}

}  // namespace
}  // namespace sluice::config
