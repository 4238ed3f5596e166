// Suspensions and numbers of sources, over restarts.
#include "engine/delivery/source_book.hpp"

#include <gtest/gtest.h>

#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::delivery {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{24h * 20'000};

/// Nobody sends.
struct IdleReceiver final : queue::RunReceiver {
  void on_runs(std::vector<queue::Run>) override {}
  void on_stream_changed(queue::StreamPtr) override {}
};

struct SourceBookTest : ::testing::Test {
  SourceBookTest() { name({"a", "b"}); }
  void name(std::initializer_list<const char*> names) {
    sources.clear();
    for (const auto* one : names) sources.push_back({one, {}, {}, {}, {}});
  }
  void open() {
    store.queue->drive({&idle}, [] {});
    auto opened = SourceBook::open(*store.queue, sources);
    ASSERT_TRUE(opened) << opened.error().text;
    book = std::move(*opened);
    while (store.queue->committer().pending() > 0) ASSERT_TRUE(store.queue->committer().step());
  }
  void reopen() {
    book.reset();
    store.reopen();
    open();
  }
  Expected<> suspend(const char* source, const char* provider, std::int64_t until_ms = 0, Instant at = kNow) {
    return book->suspend({source, provider, 0, until_ms, "listed", "operator"}, at);
  }
  [[nodiscard]] bool suspended(const char* source, const char* provider, Instant at = kNow) const {
    return at < book->standing(source, provider).until;
  }

  IdleReceiver idle;
  queue::QueueFixture store;
  std::vector<SourceOptions> sources;
  std::unique_ptr<SourceBook> book;
};

TEST_F(SourceBookTest, SuspendsEverywhereOrAtOneProvider) {
  open();
  EXPECT_FALSE(suspended("a", "google"));
  ASSERT_TRUE(suspend("a", "google"));
  EXPECT_TRUE(suspended("a", "google"));
  EXPECT_FALSE(suspended("a", "yahoo"));
  EXPECT_FALSE(suspended("a", ""));
  ASSERT_TRUE(suspend("a", ""));
  EXPECT_TRUE(suspended("a", "yahoo"));
  EXPECT_TRUE(suspended("a", ""));
  EXPECT_FALSE(suspended("b", "google"));
}

TEST_F(SourceBookTest, IsDurable) {
  open();
  ASSERT_TRUE(suspend("a", "google"));
  ASSERT_TRUE(suspend("b", ""));
  ASSERT_TRUE(book->resume("b", "", "operator", kNow));
  reopen();
  EXPECT_TRUE(suspended("a", "google"));
  EXPECT_FALSE(suspended("b", ""));
  const auto all = book->suspensions();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().cause, "listed");
  EXPECT_EQ(all.front().by, "operator");
  EXPECT_EQ(all.front().since_ms, to_ms(kNow));
}

TEST_F(SourceBookTest, EachChangeIsAnEventAndMovesTheGeneration) {
  open();
  const auto generation = book->generation();
  const auto seq = store.queue->ledger().committed_seq();
  int heard = 0;
  book->set_listener([&] { ++heard; });
  ASSERT_TRUE(suspend("a", ""));
  ASSERT_TRUE(book->resume("a", "", "operator", kNow));
  EXPECT_EQ(book->generation(), generation + 2);
  EXPECT_EQ(store.queue->ledger().committed_seq(), seq + 2);
  EXPECT_EQ(heard, 2);
}

TEST_F(SourceBookTest, EndsByItself) {
  open();
  ASSERT_TRUE(suspend("a", "", to_ms(kNow + 1h)));
  EXPECT_TRUE(suspended("a", "", kNow + 59min));
  EXPECT_FALSE(suspended("a", "", kNow + 1h));
  book->expire(kNow + 59min);
  EXPECT_EQ(book->suspensions().size(), 1U);
  book->expire(kNow + 1h);
  EXPECT_TRUE(book->suspensions().empty());
}

TEST_F(SourceBookTest, SuspendedAgainItKeepsItsBeginning) {
  open();
  ASSERT_TRUE(suspend("a", "", to_ms(kNow + 1h)));
  ASSERT_TRUE(suspend("a", "", 0, kNow + 30min));
  const auto standing = book->standing("a", "");
  EXPECT_EQ(standing.since, kNow);
  EXPECT_EQ(standing.until, Instant::max());
  EXPECT_EQ(book->suspensions().size(), 1U);
}

TEST_F(SourceBookTest, RefusesWhatItDoesNotKnow) {
  open();
  EXPECT_EQ(suspend("nobody", "").error().code, ErrorCode::not_found);
  EXPECT_EQ(book->resume("nobody", "", "operator", kNow).error().code, ErrorCode::not_found);
  EXPECT_EQ(book->resume("a", "", "operator", kNow).error().code, ErrorCode::not_found);
  EXPECT_EQ(suspend("a", "", to_ms(kNow)).error().code, ErrorCode::invalid_input);
  EXPECT_TRUE(book->suspensions().empty());
}

TEST_F(SourceBookTest, NumbersFollowNamesNotTheOrderOfTheConfiguration) {
  open();
  EXPECT_EQ(book->number(0), 1U) << "as a store from before names were kept has it";
  EXPECT_EQ(book->number(1), 2U);
  name({"c", "b", "a"});
  reopen();
  EXPECT_EQ(book->number(0), 3U);
  EXPECT_EQ(book->number(1), 2U);
  EXPECT_EQ(book->number(2), 1U);
  name({"c"});
  reopen();
  name({"d", "a"});
  reopen();
  EXPECT_EQ(book->number(0), 4U) << "a number is not given twice";
  EXPECT_EQ(book->number(1), 1U);
}

}  // namespace
}  // namespace sluice::delivery
