// A store of format 1, where an outbox row was one event: opened, repaired, restored from a backup.
#include "engine/base/bytes.hpp"
#include "queue/outbox.hpp"
#include "queue/repair.hpp"
#include "tests/unit/queue/feed_fixture.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kEvents = 300;

class OldFormat : public FeedFixture {
 protected:
  OldFormat() {
    change([](store::Batch& batch) {
      for (std::uint64_t seq = 1; seq <= kEvents; ++seq) batch.put(kOutbox, OutboxRow::key(seq), event(seq));
      batch.put(kCounters, "seq", OutboxRow::key(kEvents));
      std::string format;
      put_be<4>(format, 1);
      batch.put(kMeta, kFormatKey, format);
    });
  }
  static void expect_all(const std::vector<std::string>& lines) {
    for (std::uint64_t seq = 1; seq <= kEvents; ++seq) expect_line(lines, seq);
  }
};

TEST_F(OldFormat, OpensAndTellsEveryEvent) { expect_all(feed()); }

TEST_F(OldFormat, AMigrationThatWasCutOffGoesOn) {
  change([](store::Batch& batch) {
    for (std::uint64_t seq = 1; seq <= kEvents / 2; ++seq)
      batch.put(kOutbox, OutboxRow::key(seq), OutboxRow::value(event(seq)));
  });
  expect_all(feed());
}

TEST_F(OldFormat, ARepairBringsItToOurs) {
  const auto report = repair_store(options_.store, folders_, {}, clock_.now());
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->steps.empty()) << report->steps.front().what;
  expect_all(feed());
}

TEST_F(OldFormat, ABackupOfItIsRestored) {
  {
    auto database = store::Database::open(options_.store, family_names());
    ASSERT_TRUE(database);
    ASSERT_TRUE(back_up(**database, folders_, folder_ / "backup", clock_.now()));
  }
  fs::remove_all(folders_.store);
  const auto restored = restore(folder_ / "backup", folders_, {}, clock_.now());
  ASSERT_TRUE(restored) << restored.error().text;
  const auto lines = feed();
  expect_all(lines);
  EXPECT_EQ(lines.size(), kEvents + 1) << "and that it was put back";
}

TEST_F(OldFormat, ADamagedBackupOfItIsNotRestored) {
  {
    auto database = store::Database::open(options_.store, family_names());
    ASSERT_TRUE(database);
    auto batch = (*database)->make_batch();
    batch.put(kStreams, std::string("\0\0\0\2", 4), "x");
    ASSERT_TRUE((*database)->write_synced(batch));
    ASSERT_TRUE(back_up(**database, folders_, folder_ / "backup", clock_.now()));
  }
  fs::remove_all(folders_.store);
  const auto refused = restore(folder_ / "backup", folders_, {}, clock_.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_FALSE(fs::exists(folders_.store));
}

}  // namespace
}  // namespace sluice::queue
