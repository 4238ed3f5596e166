#include "engine/campaign/spool_watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "temporary_directory.hpp"

namespace sluice::campaign {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Watcher : public testing::Test {
 protected:
  Watcher() : spool(Spool::open(root.path() + "/spool").value()) { restart(); }

  void restart(SpoolWatcher::Options options = {}) {
    watcher.emplace(SpoolWatcher::open(spool, options, clock.now()).value());
    EXPECT_THAT(names(), IsEmpty());
  }
  [[nodiscard]] std::string in(const std::string& name) const {
    return root.path() + "/spool/incoming/" + name;
  }
  void move_in(const std::string& name) const {
    root.write("staging/f", "x");
    fs::rename(root.path() + "/staging", in(name));
  }
  std::vector<std::string> names() {
    EXPECT_TRUE(watcher->process(clock.now()));
    std::vector<std::string> out;
    while (auto name = watcher->take()) out.push_back(*name);
    return out;
  }
  std::vector<std::string> names_after(Micros pass) {
    clock.advance(pass);
    return names();
  }

  test::TemporaryDirectory root;
  ManualClock clock{from_ms(1'800'000'000'000)};
  Spool spool;
  std::optional<SpoolWatcher> watcher;
};

TEST_F(Watcher, MovedInIsReadyAtOnce) {
  move_in("a");
  pollfd waiting{watcher->fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 5000), 1);
  EXPECT_THAT(names(), ElementsAre("a"));
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(names_after(60s), IsEmpty());  // still there, taken once
}

TEST_F(Watcher, RenamedFromATemporaryNameIsReadyAtOnce) {
  root.write("spool/incoming/a.tmp/f", "x");
  EXPECT_THAT(names_after(60s), IsEmpty());
  fs::rename(in("a.tmp"), in("a"));
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(Watcher, MadeInPlaceWaitsUntilNothingChangesForTenSeconds) {
  root.write("spool/incoming/a/list.csv", "email\n");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(names_after(9s), IsEmpty());
  root.write("spool/incoming/a/list.csv", "email\na@x.test\n");
  EXPECT_THAT(names_after(1s), IsEmpty());
  EXPECT_THAT(names_after(9s), IsEmpty());
  root.write("spool/incoming/a/deep/er/file", "x");
  EXPECT_THAT(names_after(1s), IsEmpty());
  EXPECT_THAT(names_after(9s), IsEmpty());
  EXPECT_THAT(names_after(1s), ElementsAre("a"));
}

TEST_F(Watcher, WakesInTimeToLook) {
  EXPECT_EQ(watcher->next_wake(), clock.now() + 30s);
  root.write("spool/incoming/a/f", "x");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(watcher->next_wake(), clock.now() + 1s);
}

TEST_F(Watcher, RescanFindsWhatWasThereBefore) {
  root.write("spool/incoming/a/f", "x");
  restart();
  EXPECT_THAT(names_after(10s), ElementsAre("a"));
}

TEST_F(Watcher, HiddenAndUnfinishedNamesAreIgnored) {
  for (const char* name : {".a", "b.tmp", "c.part"}) move_in(name);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(names_after(60s), IsEmpty());
  EXPECT_THAT(names_after(60s), IsEmpty());
  EXPECT_EQ(watcher->watched(), 0u);
}

TEST_F(Watcher, GoneBeforeItIsTakenIsNotGiven) {
  move_in("a");
  fs::rename(in("a"), root.path() + "/away");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(watcher->watched(), 0u);
}

TEST_F(Watcher, NextDirectoryOfTheSameNameIsGivenAgain) {
  move_in("a");
  EXPECT_THAT(names(), ElementsAre("a"));
  fs::rename(in("a"), root.path() + "/active-a");
  move_in("a");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(Watcher, PutBackIsGivenAgainAtItsTime) {
  move_in("a");
  EXPECT_THAT(names(), ElementsAre("a"));
  watcher->put_back("a", clock.now() + 5s);
  EXPECT_EQ(watcher->next_wake(), clock.now() + 5s);
  EXPECT_THAT(names_after(4s), IsEmpty());
  EXPECT_THAT(names_after(1s), ElementsAre("a"));
}

TEST_F(Watcher, NamesHaveABoundAndTheRestFollows) {
  SpoolWatcher::Options options;
  options.most_names = 3;
  restart(options);
  for (int i = 0; i < 5; ++i) move_in("n" + std::to_string(i));
  const auto first = names();
  EXPECT_THAT(first, UnorderedElementsAre("n0", "n1", "n2"));
  EXPECT_EQ(watcher->watched(), 3u);
  for (const auto& name : first) fs::remove_all(in(name));
  EXPECT_THAT(names_after(30s), IsEmpty());  // the rescan finds them, how they came is not known any more
  EXPECT_THAT(names_after(10s), UnorderedElementsAre("n3", "n4"));
}

TEST_F(Watcher, TreeBeyondTheEntryBoundIsStillTaken) {
  SpoolWatcher::Options options;
  options.most_entries = 5;
  restart(options);
  for (int i = 0; i < 50; ++i) root.write("spool/incoming/a/f" + std::to_string(i), "x");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(names_after(10s), ElementsAre("a"));
}

TEST_F(Watcher, EveryDirectoryMovedInByManyThreadsIsGivenExactlyOnce) {
  constexpr int kThreads = 4;
  constexpr int kEach = 100;
  std::vector<std::jthread> movers;
  std::atomic<int> left = kThreads;
  for (int t = 0; t < kThreads; ++t) {
    movers.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto name = std::to_string(t) + '-' + std::to_string(i);
        fs::create_directory(root.path() + "/" + name);
        fs::rename(root.path() + "/" + name, in(name));
      }
      --left;
    });
  }
  std::multiset<std::string> given;
  for (bool last = false; !last;) {
    last = left == 0;  // what was moved before this is seen by the process below
    for (const auto& name : names()) {
      given.insert(name);
      fs::rename(in(name), root.path() + "/taken-" + name);
    }
  }
  EXPECT_EQ(given.size(), std::size_t{kThreads * kEach});
  EXPECT_EQ(std::set<std::string>(given.begin(), given.end()).size(), given.size());
}

}  // namespace
}  // namespace sluice::campaign
