// Quotas of the day that survive kill -9: what may be taken stands in the store as used before.
#include "engine/delivery/warmup_book.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::delivery {
namespace {

using namespace std::chrono_literals;

constexpr throttle::Day kDay = 20'000;

/// Nobody sends.
struct IdleReceiver final : queue::RunReceiver {
  void on_runs(std::vector<queue::Run>) override {}
  void on_stream_changed(queue::StreamPtr) override {}
};

struct WarmupBookTest : ::testing::Test {
  void open() {
    store.queue->drive({&idle}, [] {});
    auto opened = WarmupBook::open(*store.queue, clock, {{"a", {{100, 200}, 0}}});
    ASSERT_TRUE(opened) << opened.error().text;
    book = std::move(*opened);
    book->set_wake([this] { ++wakes; });
  }
  /// As after kill -9: nothing is said to the book.
  void crash() {
    book.reset();
    store.reopen();
    open();
  }
  void commit() {
    while (store.queue->committer().pending() > 0) ASSERT_TRUE(store.queue->committer().step());
  }
  /// As many as it grants, with commits in between.
  std::uint64_t take_all(const char* provider = "google") {
    auto& one = *book->find("a", provider);
    std::uint64_t taken = 0;
    for (int refused = 0; refused < 2;) {
      commit();
      if (one.take(clock.now())) {
        ++taken;
        refused = 0;
      } else {
        ++refused;
      }
    }
    return taken;
  }

  IdleReceiver idle;
  queue::QueueFixture store;
  ManualClock clock{throttle::start_of(kDay) + 8h};
  std::unique_ptr<WarmupBook> book;
  int wakes = 0;
};

TEST_F(WarmupBookTest, GrantsExactlyTheDaysQuota) {
  open();
  EXPECT_EQ(take_all(), 100U);
  EXPECT_EQ(book->find("a", "google")->closed_until(clock.now()), throttle::start_of(kDay + 1));
}

TEST_F(WarmupBookTest, EachProviderHasItsOwn) {
  open();
  EXPECT_EQ(take_all("google"), 100U);
  EXPECT_EQ(take_all("yahoo"), 100U);
  EXPECT_EQ(take_all(""), 100U);
}

TEST_F(WarmupBookTest, ASourceWithoutALadderHasNone) {
  open();
  EXPECT_EQ(book->find("b", "google"), nullptr);
}

TEST_F(WarmupBookTest, GrantsNothingThatIsNotOnDisk) {
  open();
  auto& one = *book->find("a", "google");
  EXPECT_FALSE(one.take(clock.now()));
  EXPECT_EQ(one.left(clock.now()), 0U);
  commit();
  EXPECT_TRUE(one.take(clock.now()));
  EXPECT_GT(wakes, 0);
}

TEST_F(WarmupBookTest, NeverGrantsMoreThanTheQuotaOverCrashes) {
  open();
  std::uint64_t taken = 0;
  for (int life = 0; life < 20; ++life) {
    auto& one = *book->find("a", "google");
    commit();
    for (int i = 0; i < 7; ++i) {
      taken += one.take(clock.now()) ? 1 : 0;
      if (i % 3 == 0) commit();
    }
    crash();
  }
  taken += take_all();
  EXPECT_LE(taken, 100U);
  EXPECT_GE(taken, 30U) << "a crash may lose the portion drawn, not the day";
}

TEST_F(WarmupBookTest, ACleanStopLosesNothing) {
  open();
  auto& one = *book->find("a", "google");
  commit();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(one.take(clock.now()));
  commit();
  book->close();
  commit();
  crash();
  EXPECT_EQ(take_all(), 97U);
}

TEST_F(WarmupBookTest, WhatDidNotBeginIsGivenBack) {
  open();
  auto& one = *book->find("a", "google");
  commit();
  {
    WarmupShare share;
    ASSERT_TRUE(one.take(clock.now()));
    share = WarmupShare(&one, clock.now());
  }
  {
    ASSERT_TRUE(one.take(clock.now()));
    WarmupShare share(&one, clock.now());
    share.spend();
  }
  EXPECT_EQ(take_all(), 99U);
}

TEST_F(WarmupBookTest, YesterdaysShareIsNotGivenToToday) {
  open();
  auto& one = *book->find("a", "google");
  commit();
  const auto yesterday = clock.now();
  ASSERT_TRUE(one.take(yesterday));
  clock.advance(24h);
  book->tick(clock.now());
  commit();
  const auto before = one.left(clock.now());
  one.give_back(yesterday);
  EXPECT_EQ(one.left(clock.now()), before);
}

TEST_F(WarmupBookTest, APortionOnItsWayAtMidnightDoesNotCloseTheNextDay) {
  open();
  auto& one = *book->find("a", "google");  // its first portion is asked for, and not on disk
  clock.advance(24h);
  book->tick(clock.now());
  commit();
  EXPECT_EQ(one.left(clock.now()), 0U) << "it was yesterday's";
  book->tick(clock.now());
  commit();
  EXPECT_GT(one.left(clock.now()), 0U) << "nobody takes where nothing is left: the tick draws";
}

TEST_F(WarmupBookTest, TheNextDayIsAStepUpAndTellsIt) {
  open();
  EXPECT_EQ(take_all(), 100U);
  for (int i = 0; i < 100; ++i) book->find("a", "google")->attempted(false);
  const auto seq = store.queue->ledger().committed_seq();
  clock.advance(24h);
  EXPECT_FALSE(book->find("a", "google")->take(clock.now())) << "the day begins with the tick";
  book->tick(clock.now());
  commit();
  EXPECT_EQ(store.queue->ledger().committed_seq(), seq + 1);
  EXPECT_EQ(take_all(), 200U);
}

TEST_F(WarmupBookTest, HoldsTheStepAfterDeferrals) {
  open();
  EXPECT_EQ(take_all(), 100U);
  for (int i = 0; i < 100; ++i) book->find("a", "google")->attempted(i == 0);
  clock.advance(24h);
  book->tick(clock.now());
  EXPECT_EQ(take_all(), 100U);
  EXPECT_EQ(book->all(clock.now()).front().state.held, throttle::WarmupHold::deferrals);
}

TEST_F(WarmupBookTest, AComplaintHoldsTheStep) {
  open();
  EXPECT_EQ(take_all(), 100U);
  for (int i = 0; i < 100; ++i) book->find("a", "google")->attempted(false);
  book->complained("a", "google");
  book->complained("nobody", "google");
  clock.advance(24h);
  book->tick(clock.now());
  EXPECT_EQ(take_all(), 100U);
}

TEST_F(WarmupBookTest, IsWarmBehindTheLadder) {
  open();
  for (int day = 0; day < 3; ++day) {
    EXPECT_EQ(take_all(), day == 0 ? 100U : 200U) << day;
    for (int i = 0; i < 100; ++i) book->find("a", "google")->attempted(false);
    clock.advance(24h);
    book->tick(clock.now());
    commit();
    if (day == 1) break;
    wakes = 0;
  }
  EXPECT_GT(wakes, 0) << "mail may wait for the day";
  auto& one = *book->find("a", "google");
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(one.take(clock.now()));
  EXPECT_EQ(one.left(clock.now()), throttle::kUnlimited);
}

TEST_F(WarmupBookTest, AClockSetBackOverMidnightBeginsNoSecondDay) {
  open();
  EXPECT_EQ(take_all(), 100U);
  clock.set(throttle::start_of(kDay) - 10min);
  crash();
  EXPECT_EQ(take_all(), 0U);
}

TEST_F(WarmupBookTest, ShowsWhatIsUsedAfterARestartToo) {
  open();
  auto& one = *book->find("a", "google");
  commit();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(one.take(clock.now()));
  EXPECT_EQ(book->all(clock.now()).front().state.used, 4U);
  book->close();
  commit();
  crash();
  const auto views = book->all(clock.now());
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views.front().state.used, 4U);
  EXPECT_EQ(views.front().quota, 100U);
}

TEST_F(WarmupBookTest, ManyThreadsTakeNoMoreThanThereIs) {
  open();
  auto& one = *book->find("a", "google");
  std::atomic<std::uint64_t> taken{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!over) taken += one.take(clock.now()) ? 1 : 0;
    });
  }
  EXPECT_TRUE(queue::eventually([&] {
    commit();
    return one.closed_until(clock.now()) != Instant::min();
  }));
  over = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, 100U);
}

}  // namespace
}  // namespace sluice::delivery
