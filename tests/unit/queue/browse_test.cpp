#include "queue/browse.hpp"

#include <gtest/gtest.h>

#include <set>

#include "queue/families.hpp"
#include "queue/store_view.hpp"
#include "tests/unit/queue/fake_worker.hpp"
#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::queue {
namespace {

/// Two streams, paused: 60 records in 3 domains and 10 in one.
class BrowseTest : public testing::Test {
 protected:
  BrowseTest() {
    at_.queue->start({&worker_});
    worker_.start();
    a_ = at_.stream("a");
    b_ = at_.stream("b");
    for (const auto& stream : {a_, b_}) {
      EXPECT_TRUE(at_.queue->set_state(stream, StreamState::paused, "test"));
    }
    at_.inject(a_, 0, 60, 3);
    at_.inject(b_, 0, 10, 1);
  }
  ~BrowseTest() override {
    worker_.stop();
    at_.queue->stop();  // until then the feeder tells the worker of changes
  }

  [[nodiscard]] Browser browser() const { return {at_.queue->database(), at_.queue->streams(), 0}; }
  /// Every page of so many rows, one after the other; no record twice.
  std::vector<Found> all(const BrowseFilter& filter, std::size_t rows = 7, std::size_t looked = 50'000) {
    std::vector<Found> out;
    std::set<std::string> seen;
    std::string from;
    for (int pages = 0; pages < 1000; ++pages) {
      auto page = browser().page(filter, from, at_.clock.now(), {.max_rows = rows, .max_looked = looked});
      EXPECT_TRUE(page);
      EXPECT_LE(page->rows.size(), rows);
      for (auto& row : page->rows) {
        EXPECT_TRUE(seen.insert(row.key).second);
        out.push_back(std::move(row));
      }
      from = page->next;
      if (from.empty()) return out;
    }
    ADD_FAILURE() << "pages without end";
    return out;
  }
  std::vector<std::string> keys(const BrowseFilter& filter) {
    std::vector<std::string> out;
    for (auto& row : all(filter)) out.push_back(row.key);
    return out;
  }

  QueueFixture at_;
  FakeWorker worker_{*at_.queue, at_.clock, [](const Record&, Settlement&) {}, 4, 1};
  StreamPtr a_;
  StreamPtr b_;
};

TEST_F(BrowseTest, PagesShowEveryRecordOnce) {
  EXPECT_EQ(all({}).size(), 70U);
  EXPECT_EQ(all({}, 1000).size(), 70U);
  EXPECT_EQ(all({}, 1000, 3).size(), 70U) << "a page that may look at three records ends early and goes on";
}

TEST_F(BrowseTest, FiltersChooseByStreamDomainAddressAndId) {
  EXPECT_EQ(all({.streams = {b_->id}}).size(), 10U);
  EXPECT_EQ(all({.domain = "d1.test"}).size(), 20U);
  EXPECT_EQ(all({.domain = "d0.test"}).size(), 30U);
  EXPECT_EQ(all({.domain = "nobody.test"}).size(), 0U);
  const auto one = all({.domain = "d1.test", .local = "u4"});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].record().address(), "u4@d1.test");
  const auto by_id = all({.streams = {a_->id}, .id = one[0].record().id(0)});
  ASSERT_EQ(by_id.size(), 1U);
  EXPECT_EQ(by_id[0].key, one[0].key);
  auto other = one[0].record().id(0);
  other.high += std::uint64_t{1} << 20;  // accepted a millisecond later
  EXPECT_EQ(all({.streams = {a_->id}, .id = other}).size(), 0U) << "the row is right, the time is not";
  const auto fits = [](std::string_view domain) { return domain == "d2.test"; };
  EXPECT_EQ(all({.domain_fits = fits}).size(), 20U);
}

TEST_F(BrowseTest, StatesAreToldApart) {
  ASSERT_EQ(at_.queue->edit(Edit::hold, keys({.domain = "d1.test"}))->edited, 20U);
  EXPECT_EQ(all({.state = Waiting::held}).size(), 20U);
  EXPECT_EQ(all({.domain = "d1.test", .state = Waiting::held}).size(), 20U) << "found by due time too";
  EXPECT_EQ(all({.state = Waiting::ready}).size(), 50U);
  EXPECT_EQ(all({.state = Waiting::deferred}).size(), 0U);
  EXPECT_EQ(all({.state = Waiting::leased}).size(), 0U);
}

TEST_F(BrowseTest, ACursorThatIsNoneIsRefused) {
  auto page = browser().page({}, "abc", at_.clock.now());
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::invalid_input);
}

TEST(BrowseLeased, ALeasedRecordShowsAsSuchUntilItIsSettled) {
  QueueFixture at;
  std::promise<void> attempted;
  std::promise<void> go_on;
  FakeWorker worker(
      *at.queue, at.clock,
      [&, first = true](const Record&, Settlement&) mutable {
        if (std::exchange(first, false)) {
          attempted.set_value();
          go_on.get_future().wait();
        }
      },
      4, 1);
  at.queue->start({&worker});
  worker.start();
  const auto stream = at.stream("s");
  at.inject(stream, 0, 20, 1);
  attempted.get_future().wait();
  const Browser browser(at.queue->database(), at.queue->streams(), 0);
  const auto leased = browser.page({.state = Waiting::leased}, {}, at.clock.now());
  EXPECT_EQ(leased->rows.size(), 4U);
  EXPECT_EQ(browser.page({.state = Waiting::ready}, {}, at.clock.now())->rows.size(), 16U);
  std::vector<std::string> keys;
  for (const auto& row : leased->rows) keys.push_back(row.key);
  EXPECT_EQ(at.queue->edit(Edit::erase, keys)->busy, 4U) << "what is being attempted is left alone";
  go_on.set_value();
  EXPECT_TRUE(eventually([&] { return at.queue->counters(stream->id).delivered == 20; }));
  EXPECT_EQ(browser.page({}, {}, at.clock.now())->rows.size(), 0U);
  worker.stop();
}

TEST(StoreView, ShowsAStoreThatNoServiceHasOpen) {
  QueueFixture at;
  FakeWorker worker(*at.queue, at.clock, [](const Record&, Settlement&) {}, 4, 0);
  at.queue->start({&worker});
  worker.start();
  const auto stream = at.stream("s");
  at.inject(stream, 0, 25, 2);
  worker.stop();
  at.queue->stop();
  at.queue.reset();
  const auto view = StoreView::open(at.options.store);
  ASSERT_TRUE(view) << view.error().text;
  EXPECT_EQ((*view)->counters(stream->id).queued(), 25U);
  const Browser browser((*view)->database(), (*view)->streams(), 0);
  EXPECT_EQ(browser.page({}, {}, at.clock.now())->rows.size(), 25U);
  store::Options nowhere;
  nowhere.path = at.folder / "nothing";
  EXPECT_FALSE(StoreView::open(nowhere));
  EXPECT_FALSE(std::filesystem::exists(at.folder / "nothing")) << "looking makes nothing";
}

}  // namespace
}  // namespace sluice::queue
