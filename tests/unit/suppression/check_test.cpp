// What `store check` and `store repair` make of suppression rows.
#include "engine/suppression/check.hpp"

#include "engine/suppression/rows.hpp"
#include "tests/unit/suppression/book_fixture.hpp"

namespace sluice::suppression {
namespace {

/// The store between two lives of the service.
queue::CheckRow checked(BookFixture& at, const std::function<void(store::Batch&)>& meddle = {}) {
  at.queue->stop();
  if (meddle) {
    auto batch = at.queue->database().make_batch();
    meddle(batch);
    EXPECT_TRUE(at.queue->database().write_synced(batch));
  }
  queue::CheckReport report;
  check_rows(at.queue->database(), report);
  return *report.row("suppressions");
}

TEST(Check, FindsDamagedAndMisplacedRowsAndWrongAccounts) {
  BookFixture at;
  for (int i = 0; i < 20; ++i) at.add("u" + std::to_string(i) + "@x.test", {}, true);
  auto row = checked(at);
  EXPECT_EQ(row.found, 20U);
  EXPECT_EQ(row.wrong, 0U) << row.detail;
  row = checked(at, [](store::Batch& batch) {
    Row elsewhere{"ann@x.test", {Entry{}}};
    std::string bytes;
    elsewhere.append_to(bytes);
    batch.put(queue::kSuppressed, std::string(16, 'a'), bytes);
    batch.put(queue::kSuppressed, std::string(16, 'b'), "garbage");
  });
  EXPECT_EQ(row.wrong, 2U);
  EXPECT_FALSE(row.detail.empty());
  row = checked(at, [](store::Batch& batch) { batch.erase(queue::kSuppression, kKeyRow); });
  EXPECT_EQ(row.wrong, 1U) << "no row can be found without the key";
}

TEST(Check, RepairCountsAnewAndOwesAPass) {
  BookFixture at;
  for (int i = 0; i < 20; ++i) at.add("u" + std::to_string(i) + "@x.test");
  ASSERT_TRUE(at.book->save_filter(true));
  const auto row = checked(at, [](store::Batch& batch) { batch.erase(queue::kSuppression, kCountRow); });
  EXPECT_EQ(row.wrong, 1U);
  queue::RepairReport report;
  ASSERT_TRUE(repair_rows(at.queue->database(), false, report));
  EXPECT_EQ(report.steps.size(), 1U);
  at.restart();
  EXPECT_EQ(at.book->counts().subjects, 20U);
  EXPECT_TRUE(at.book->pass_owed());
  EXPECT_FALSE(at.book->filter_ready()) << "the file is of before";
  EXPECT_EQ(at.probe("u3@x.test"), "global");
  queue::RepairReport again;
  at.queue->stop();
  ASSERT_TRUE(repair_rows(at.queue->database(), false, again));
  EXPECT_TRUE(again.steps.empty());
}

}  // namespace
}  // namespace sluice::suppression
