#include "engine/store/database.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_bytes(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class DatabaseFiles : public testing::Test {
 protected:
  DatabaseFiles() {
    char name[] = "/tmp/sluice-database-XXXXXX";
    folder_ = ::mkdtemp(name);
    options_.path = folder_ / "store";
  }
  ~DatabaseFiles() override {
    database_.reset();
    fs::remove_all(folder_);
  }

  Expected<> open() {
    auto opened = Database::open(options_, {"default", "other"});
    if (!opened) return std::unexpected(opened.error());
    database_ = std::move(*opened);
    return {};
  }
  void put(int number) {
    auto batch = database_->make_batch();
    batch.put(1, std::to_string(number), std::string(1000, 'v'));
    ASSERT_TRUE(database_->write_synced(batch));
  }
  /// `count` commits, then the end of the process; all of it stands in the log.
  void fill(int count) {
    ASSERT_TRUE(open());
    for (int number = 0; number < count; ++number) put(number);
    database_.reset();
  }
  [[nodiscard]] int kept() const {
    int count = 0;
    while (*database_->get(1, std::to_string(count))) ++count;
    return count;
  }
  [[nodiscard]] fs::path newest(const std::string& extension) const {
    fs::path out;
    for (const auto& entry : fs::directory_iterator(options_.path)) {
      if (entry.path().extension() == extension) out = std::max(out, entry.path());
    }
    return out;
  }
  [[nodiscard]] std::string side_file() const { return Acknowledged::path_of(options_.path); }

  fs::path folder_;
  Options options_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseFiles, AreFoundAgain) {
  fill(10);
  ASSERT_TRUE(open());
  EXPECT_EQ(kept(), 10);
}

TEST_F(DatabaseFiles, ALogTornInTheCommitNobodyWasToldOfIsCut) {
  fill(10);
  const auto known = bytes_of(side_file());
  ASSERT_TRUE(open());
  put(10);
  database_.reset();
  put_bytes(side_file(), known);  // the eleventh was never acknowledged
  const auto log = newest(".log");
  fs::resize_file(log, fs::file_size(log) - 500);
  ASSERT_TRUE(open());
  EXPECT_EQ(kept(), 10);
}

TEST_F(DatabaseFiles, SoIsOneWhoseLastCommitHasAWrongChecksum) {
  fill(10);
  const auto known = bytes_of(side_file());
  ASSERT_TRUE(open());
  put(10);
  put(11);
  database_.reset();
  put_bytes(side_file(), known);
  const auto log = newest(".log");
  auto bytes = bytes_of(log);
  bytes[bytes.size() - 300] ^= 1;
  put_bytes(log, bytes);
  ASSERT_TRUE(open());
  EXPECT_EQ(kept(), 11);
}

TEST_F(DatabaseFiles, ALogDamagedInItsMiddleIsRefusedAndLeftAsItIs) {
  fill(100);
  const auto log = newest(".log");
  auto bytes = bytes_of(log);
  bytes[bytes.size() / 2] ^= 1;
  put_bytes(log, bytes);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
    EXPECT_NE(opened.error().text.find(options_.path), std::string::npos);
    EXPECT_NE(opened.error().text.find("store repair"), std::string::npos);
  }
  EXPECT_EQ(bytes_of(log), bytes);
  options_.accept_loss = true;
  ASSERT_TRUE(open());
  EXPECT_GT(kept(), 30);
  EXPECT_LT(kept(), 70);
}

TEST_F(DatabaseFiles, ALogCutBelowWhatWasAcknowledgedIsRefusedAndTheGapNamed) {
  fill(100);
  const auto log = newest(".log");
  fs::resize_file(log, fs::file_size(log) / 2);
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_NE(opened.error().text.find(side_file()), std::string::npos);
  EXPECT_NE(opened.error().text.find("--accept-loss"), std::string::npos);
  EXPECT_FALSE(open()) << "a refusal must not make the loss forgotten";
  options_.accept_loss = true;
  ASSERT_TRUE(open());
  EXPECT_LT(kept(), 60);
  database_.reset();
  options_.accept_loss = false;
  EXPECT_TRUE(open());
}

TEST_F(DatabaseFiles, ALogThatIsGoneIsRefused) {
  fill(10);
  ASSERT_TRUE(open());  // the log of the first life has become a table
  put(10);
  database_.reset();
  fs::remove(newest(".log"));
  EXPECT_FALSE(open());
}

TEST_F(DatabaseFiles, ADatabaseThatIsGoneIsNotReplacedByANewOne) {
  fill(10);
  fs::remove_all(options_.path);
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_FALSE(fs::exists(fs::path(options_.path) / "CURRENT"));
  options_.accept_loss = true;
  EXPECT_TRUE(open());
}

TEST_F(DatabaseFiles, AnOldCopyPutBackIsRefused) {
  fill(10);
  fs::copy(options_.path, folder_ / "old", fs::copy_options::recursive);
  ASSERT_TRUE(open());
  put(10);
  database_.reset();
  fs::remove_all(options_.path);
  fs::rename(folder_ / "old", options_.path);
  EXPECT_FALSE(open());
}

TEST_F(DatabaseFiles, ADamagedSlotOfTheSideFileCostsNothing) {
  fill(10);
  const auto whole = Acknowledged::read(side_file());
  ASSERT_TRUE(whole && *whole);
  const auto bytes = bytes_of(side_file());
  for (const auto damaged : {std::size_t{10}, std::size_t{4096 + 10}, std::size_t{8192 + 10}}) {
    auto other = bytes;
    other[damaged] ^= 1;
    put_bytes(side_file(), other);
    const auto mark = Acknowledged::read(side_file());
    ASSERT_TRUE(mark && *mark) << damaged;
    EXPECT_GT((*mark)->sequence, 0u);
    EXPECT_LE((*mark)->sequence, (*whole)->sequence);
  }
  ASSERT_TRUE(open());
}

TEST_F(DatabaseFiles, AnUnreadableSideFileProvesNothingAndIsMadeAnew) {
  fill(10);
  for (const auto& bytes : {std::string(), std::string("short"), std::string(12'288, '\xff')}) {
    put_bytes(side_file(), bytes);
    ASSERT_TRUE(open());
    put(10);
    database_.reset();
    const auto mark = Acknowledged::read(side_file());
    ASSERT_TRUE(mark && *mark);
  }
}

TEST_F(DatabaseFiles, ADamagedTableIsFoundByVerifying) {
  ASSERT_TRUE(open());
  for (int number = 0; number < 100; ++number) put(number);
  ASSERT_TRUE(database_->flush());
  ASSERT_TRUE(database_->verify());
  database_.reset();
  const auto table = newest(".sst");
  auto bytes = bytes_of(table);
  bytes[bytes.size() / 4] ^= 1;
  put_bytes(table, bytes);
  ASSERT_TRUE(open());
  const auto verified = database_->verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::corrupt);
  EXPECT_NE(verified.error().text.find(table.filename()), std::string::npos) << verified.error().text;
}

TEST_F(DatabaseFiles, ReadOnlyChangesNothing) {
  fill(10);
  const auto log = newest(".log");
  const auto before = bytes_of(log);
  auto look = Database::open_read_only(options_, {"default", "other"});
  ASSERT_TRUE(look) << look.error().text;
  EXPECT_TRUE(*(*look)->get(1, "9"));
  EXPECT_TRUE((*look)->verify());
  look->reset();
  EXPECT_EQ(bytes_of(log), before);
  options_.path += "-none";
  EXPECT_FALSE(Database::open_read_only(options_, {"default", "other"}));
  EXPECT_FALSE(fs::exists(options_.path));
}

TEST_F(DatabaseFiles, ACheckpointIsACopyOfItsMoment) {
  ASSERT_TRUE(open());
  for (int number = 0; number < 10; ++number) put(number);
  ASSERT_TRUE(database_->checkpoint(folder_ / "copy"));
  put(10);
  EXPECT_FALSE(database_->checkpoint(folder_ / "copy"));
  database_.reset();
  options_.path = folder_ / "copy";
  ASSERT_TRUE(open());
  EXPECT_EQ(kept(), 10);
}

}  // namespace
}  // namespace sluice::store
