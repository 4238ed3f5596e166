#include "engine/suppression/book.hpp"

#include <atomic>

#include "tests/unit/suppression/book_fixture.hpp"

namespace sluice::suppression {
namespace {

const Entry kShop{.scope = Scope::tenant, .reason = Reason::complaint, .tenant = "shop", .source = "test"};
const Audience kToShop{"shop", "", false};

TEST(Book, WhatWasAnsweredIsFoundAtOnceAndAfterARestart) {
  BookFixture at;
  EXPECT_EQ(at.probe("ann@example.test"), "");
  EXPECT_EQ(at.add("Ann@Example.test").added, 1U);
  at.add("bob@example.test", kShop);
  at.add("@dead.test", kShop);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(at.probe("ann@example.test"), "global") << round;
    EXPECT_EQ(at.probe("bob@example.test"), "");
    EXPECT_EQ(at.probe("bob@example.test", kToShop), "tenant");
    EXPECT_EQ(at.probe("anybody@dead.test", kToShop), "tenant");
    EXPECT_EQ(at.probe("anybody@sub.dead.test", kToShop), "") << "a domain is itself only";
    EXPECT_EQ(at.added("ann@example.test"), "global") << "no pass has dealt with it";
    EXPECT_EQ(at.added("x@dead.test", kToShop), "tenant");
    EXPECT_EQ(at.book->counts().subjects, 3U);
    at.restart();
  }
}

TEST(Book, TheSameEntryIsRenewedAndAnImportedOneUnchanged) {
  BookFixture at;
  at.add("ann@example.test", kShop, true);
  EXPECT_EQ(at.add("ann@example.test", kShop, true).unchanged, 1U);
  auto longer = kShop;
  longer.source = "other";
  EXPECT_EQ(at.add("ann@example.test", longer, true).renewed, 1U);
  EXPECT_EQ(at.add("ann@example.test", {}, true).added, 1U) << "another scope is another entry";
  EXPECT_EQ(at.book->counts().subjects, 1U);
  EXPECT_EQ(at.book->counts().entries, 2U);
}

TEST(Book, TwoChangesOfOneRowInOneCommitBothHold) {
  BookFixture at;
  Changes changes;
  const auto ann = *Subject::parse("ann@example.test");
  changes.add = {{ann, kShop}, {ann, Entry{}}, {ann, kShop}};
  changes.remove = {{ann, Scope::global, {}, {}, {}, "eve", "a mistake"}};
  const auto report = at.book->commit(std::move(changes));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->added, 2U);
  EXPECT_EQ(report->removed, 1U);
  EXPECT_EQ(at.probe("ann@example.test"), "");
  EXPECT_EQ(at.probe("ann@example.test", kToShop), "tenant");
}

TEST(Book, RemovalsAreNamedAndLeaveAnAuditLine) {
  BookFixture at;
  at.add("ann@example.test", kShop);
  at.add("ann@example.test");
  EXPECT_EQ(at.remove("ann@example.test", {.scope = Scope::tenant, .tenant = "other"}), 0U);
  EXPECT_EQ(at.remove("ann@example.test", {.scope = Scope::tenant, .by = "eve", .why = "asked by phone"}),
            1U);
  EXPECT_EQ(at.probe("ann@example.test", kToShop), "global");
  EXPECT_EQ(at.remove("ann@example.test"), 1U);
  EXPECT_EQ(at.probe("ann@example.test", kToShop), "");
  EXPECT_EQ(at.added("ann@example.test", kToShop), "");
  at.restart();
  EXPECT_EQ(at.added("ann@example.test", kToShop), "") << "the log does not bring it back";
  const auto lines = at.book->lookup().audit(0, 10);
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 4U);
  const auto& second = (*lines)[1].second;
  EXPECT_EQ(second.action, "remove");
  EXPECT_EQ(second.subject, "ann@example.test");
  EXPECT_EQ(second.by, "eve");
  EXPECT_EQ(second.why, "asked by phone");
  ASSERT_TRUE(second.entry);
  EXPECT_EQ(second.entry->reason, Reason::complaint);
  EXPECT_EQ(at.book->counts().subjects, 0U);
  EXPECT_EQ(at.book->counts().entries, 0U);
}

TEST(Book, AnEntryStopsNobodyAfterItsTimeAndIsCleanedUp) {
  BookFixture at;
  auto brief = kShop;
  brief.expires_ms = to_ms(at.clock.now()) - 1500;
  at.add("ann@example.test", brief, true);
  EXPECT_EQ(at.probe("ann@example.test", kToShop), "");
  at.add("ann@example.test", {}, true);
  auto rows = at.book->expire(at.clock.now(), 100);
  ASSERT_TRUE(rows);
  EXPECT_EQ(*rows, 1U);
  EXPECT_EQ(at.book->counts().entries, 1U);
  EXPECT_EQ(at.probe("ann@example.test", kToShop), "global");
}

TEST(Book, BoundsRefuseWhatIsNewAndSaySo) {
  BookFixture at({.max_subjects = 2, .max_entries_a_subject = 2, .max_delta = 1000});
  at.add("a@x.test");
  at.add("b@x.test");
  const auto third = at.add("c@x.test");
  EXPECT_EQ(third.added, 0U);
  EXPECT_EQ(third.subjects, std::vector<std::string>{"c@x.test"});
  EXPECT_FALSE(third.why.empty());
  at.add("a@x.test", kShop);
  EXPECT_EQ(at.add("a@x.test", {.reason = Reason::inactive}).added, 0U);
}

TEST(Book, AFullDeltaRefusesTheWholeOfAChange) {
  BookFixture at({.max_delta = 3});
  for (const auto* who : {"a@x.test", "b@x.test", "c@x.test"}) at.add(who);
  Changes changes;
  changes.add.push_back({*Subject::parse("d@x.test"), Entry{}});
  changes.cursor = 77;
  const auto report = at.book->commit(std::move(changes));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::limit);
  EXPECT_EQ(at.probe("d@x.test"), "");
  EXPECT_NE(at.book->cursor(), 77U);
  EXPECT_EQ(at.add("d@x.test", {}, true).added, 1U) << "an import ends with a pass instead";
  EXPECT_TRUE(at.book->pass_owed());
}

TEST(Book, TheFilterComesBackFromItsFileOrFromTheRows) {
  BookFixture at;
  for (int i = 0; i < 300; ++i) at.add("u" + std::to_string(i) + "@x.test", {}, true);
  const std::atomic<bool> go_on{false};
  at.restart();
  EXPECT_FALSE(at.book->filter_ready()) << "there is no file, and the rows were not read";
  EXPECT_EQ(at.probe("u7@x.test"), "global");
  at.add("while-building@x.test");
  ASSERT_TRUE(at.book->rebuild_filter(go_on));
  EXPECT_TRUE(at.book->filter_ready());
  ASSERT_TRUE(at.book->save_filter(true));
  at.add("after-saving@x.test");
  at.restart();
  EXPECT_TRUE(at.book->filter_ready()) << "the file and the log have all";
  EXPECT_EQ(at.probe("u299@x.test"), "global");
  EXPECT_EQ(at.probe("while-building@x.test"), "global");
  EXPECT_EQ(at.probe("after-saving@x.test"), "global");
  at.add("imported-later@x.test", {}, true);
  at.restart();
  EXPECT_FALSE(at.book->filter_ready()) << "an import is in no log";
  EXPECT_EQ(at.probe("imported-later@x.test"), "global");
}

TEST(Book, AFilterOfManyLayersIsMadeOneAndTheOldOneGoesWithAPass) {
  BookFixture at({.filter_room = 32});
  const std::atomic<bool> go_on{false};
  for (int i = 0; i < 1000; ++i) at.add("u" + std::to_string(i) + "@x.test", {}, true);
  const auto before = at.book->filter_bytes();
  EXPECT_GE(before, 1024U);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(at.book->rebuild_filter(go_on));
    EXPECT_LT(at.book->filter_bytes(), before + before / 4);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(at.probe("u" + std::to_string(i) + "@x.test"), "global") << i;
    const auto plan = at.book->begin_pass();
    ASSERT_TRUE(plan && *plan);
    ASSERT_TRUE(at.book->end_pass(**plan));
    at.add("late" + std::to_string(round) + "@x.test");
    EXPECT_EQ(at.probe("late" + std::to_string(round) + "@x.test"), "global");
  }
}

TEST(Book, ADamagedFilterFileIsNoFilter) {
  BookFixture at;
  at.add("ann@x.test");
  ASSERT_TRUE(at.book->save_filter(true));
  std::filesystem::resize_file(at.book_options.filter_file, 100);
  at.restart();
  EXPECT_FALSE(at.book->filter_ready());
  EXPECT_EQ(at.probe("ann@x.test"), "global");
}

TEST(Book, ARowThatDoesNotDecodeStopsAllMailToIt) {
  BookFixture at;
  at.add("ann@example.test", kShop);
  const auto hash = hash_bytes(at.book->lookup().hash("ann@example.test"));
  at.queue->stop();
  auto batch = at.queue->database().make_batch();
  batch.put(queue::kSuppressed, hash, "garbage");
  ASSERT_TRUE(at.queue->database().write_synced(batch));
  at.restart();
  EXPECT_EQ(at.probe("ann@example.test", {"anyone", "", true}), "global");
  EXPECT_EQ(at.add("ann@example.test", kShop).subjects.size(), 1U) << "it is not written over";
  EXPECT_EQ(at.remove("ann@example.test"), 1U);
  EXPECT_EQ(at.probe("ann@example.test"), "");
}

TEST(Book, ListsByScopeReasonDomainAndTextInPages) {
  BookFixture at;
  for (int i = 0; i < 50; ++i)
    at.add("u" + std::to_string(i) + (i % 2 == 0 ? "@even.test" : "@odd.test"), i < 10 ? kShop : Entry{},
           true);
  const auto count = [&](const Wanted& wanted, std::size_t rows, std::size_t looked_at) {
    std::size_t out = 0;
    std::string after;
    do {
      auto page = at.book->lookup().page(wanted, after, rows, looked_at);
      EXPECT_TRUE(page);
      if (!page) return out;
      EXPECT_LE(page->rows.size(), rows);
      out += page->rows.size();
      after = page->next;
    } while (!after.empty());
    return out;
  };
  EXPECT_EQ(count({}, 7, 1000), 50U);
  EXPECT_EQ(count({}, 7, 3), 50U) << "few looked at, no row lost";
  EXPECT_EQ(count({.scope = Scope::tenant}, 100, 1000), 10U);
  EXPECT_EQ(count({.reason = Reason::manual}, 100, 1000), 40U);
  EXPECT_EQ(count({.domain = "odd.test"}, 100, 1000), 25U);
  EXPECT_EQ(count({.contains = "u4"}, 100, 1000), 11U);
}

}  // namespace
}  // namespace sluice::suppression
