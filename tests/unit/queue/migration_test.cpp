#include "queue/migration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "queue/families.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

class MigrationTest : public testing::Test {
 protected:
  MigrationTest() {
    char name[] = "/tmp/sluice-format-XXXXXX";
    folder_ = ::mkdtemp(name);
    store::Options options;
    options.path = folder_ / "store";
    auto opened = store::Database::open(options, family_names());
    EXPECT_TRUE(opened);
    database_ = std::move(*opened);
  }
  ~MigrationTest() override {
    database_.reset();
    fs::remove_all(folder_);
  }
  [[nodiscard]] Expected<> bring(std::uint32_t wanted, std::span<const MigrationStep> steps) {
    return bring_to_format(*database_, "PATH", wanted, steps);
  }
  [[nodiscard]] std::uint32_t format() const { return read_format(*database_)->value_or(0); }

  /// Appends its digit to the row of what has run.
  template <char Digit>
  static Expected<> note(store::Database& database) {
    auto batch = database.make_batch();
    batch.put(kMeta, "ran", database.get(kMeta, "ran")->value_or("") + Digit);
    return database.write_synced(batch);
  }
  static Expected<> refuse(store::Database&) { return fail(ErrorCode::io, "cut off"); }
  [[nodiscard]] std::string ran() const { return database_->get(kMeta, "ran")->value_or(""); }

  fs::path folder_;
  std::unique_ptr<store::Database> database_;
};

TEST_F(MigrationTest, ANewStoreIsStampedAndNeedsNoStep) {
  EXPECT_EQ(format(), 0u);
  ASSERT_TRUE(bring(3, {}));
  EXPECT_EQ(format(), 3u);
  EXPECT_TRUE(bring(3, {}));
}

TEST_F(MigrationTest, AnOlderStoreTakesEveryStepOnceInOrder) {
  ASSERT_TRUE(bring(1, {}));
  constexpr std::array kSteps{MigrationStep{2, note<'b'>}, MigrationStep{1, note<'a'>}};
  ASSERT_TRUE(bring(3, kSteps));
  EXPECT_EQ(ran(), "ab");
  EXPECT_EQ(format(), 3u);
  ASSERT_TRUE(bring(3, kSteps));
  EXPECT_EQ(ran(), "ab");
}

TEST_F(MigrationTest, AStepThatWasCutOffIsRunAgainAndThoseBeforeItAreNot) {
  ASSERT_TRUE(bring(1, {}));
  constexpr std::array kCutOff{MigrationStep{1, note<'a'>}, MigrationStep{2, refuse}};
  EXPECT_FALSE(bring(3, kCutOff));
  EXPECT_EQ(format(), 2u);
  constexpr std::array kWhole{MigrationStep{1, note<'a'>}, MigrationStep{2, note<'b'>}};
  ASSERT_TRUE(bring(3, kWhole));
  EXPECT_EQ(ran(), "ab");
}

TEST_F(MigrationTest, AnotherFormatIsRefusedAndBothNumbersAreNamed) {
  ASSERT_TRUE(bring(7, {}));
  const auto newer = bring(6, {});
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, ErrorCode::conflict);
  EXPECT_EQ(newer.error().text, "the store PATH has format 7; this sluice reads format 6");
  constexpr std::array kGap{MigrationStep{8, note<'x'>}};
  EXPECT_FALSE(bring(9, kGap));
  EXPECT_EQ(ran(), "");
  EXPECT_EQ(format(), 7u);
}

TEST_F(MigrationTest, AStampThatIsNoNumberIsDamage) {
  auto batch = database_->make_batch();
  batch.put(kMeta, "format", "one");
  ASSERT_TRUE(database_->write_synced(batch));
  const auto result = bring(1, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
}

TEST_F(MigrationTest, OurOwnStepsLeadFromEveryFormatToOurs) {
  for (std::uint32_t from = 1; from < kFormat; ++from) {
    EXPECT_EQ(std::ranges::count(migrations(), from, &MigrationStep::from), 1) << from;
  }
  EXPECT_EQ(migrations().size(), kFormat - 1);
}

}  // namespace
}  // namespace sluice::queue
