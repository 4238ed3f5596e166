// Threads that take, park, wake and give back. Work comes in short rounds: while others go on, their next
// release hides a lost wake-up, but at the end of a round nobody comes by any more and whoever was forgotten
// waits for ever. The watchdog turns that into a failure with the state of the limits.
#include <gtest/gtest.h>

#include <barrier>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <random>
#include <thread>
#include <vector>

#include "throttle/permits.hpp"

namespace sluice::throttle {
namespace {

using std::chrono::milliseconds;

constexpr Instant kStart = from_ms(1'780'000'000'000);
constexpr int kThreads = 6;
constexpr int kRounds = 3'000;
constexpr auto kWatchdog = std::chrono::seconds(20);

/// A clock the threads push forward themselves: simulated time, real concurrency.
class SharedClock {
 public:
  [[nodiscard]] Instant now() const { return kStart + Micros(micros_.load()); }
  void reach(Instant at) {
    const auto want = (at - kStart).count();
    auto seen = micros_.load();
    while (seen < want && !micros_.compare_exchange_weak(seen, want)) {
    }
  }

 private:
  std::atomic<std::int64_t> micros_{0};
};

class Sleeper final : public Waiter {
 public:
  void wake() override {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
    awake_.notify_one();
  }
  /// False: nobody woke us.
  bool wait() {
    std::unique_lock lock(mutex_);
    const bool woken = awake_.wait_for(lock, kWatchdog, [this] { return woken_; });
    woken_ = false;
    return woken;
  }
  void leave(Instant now) {
    pass_on(now);
    clear();
  }
  /// Got it without waiting to the end.
  void got_it() {
    satisfied();
    clear();
  }

 private:
  void clear() {
    const std::scoped_lock lock(mutex_);
    woken_ = false;
  }

  std::mutex mutex_;
  std::condition_variable awake_;
  bool woken_ = false;
};

/// kThreads threads run `turn(thread, random, sleeper)` twice a round, together from round to round; false
/// ends the test.
template <class Turn>
bool in_rounds(Turn turn) {
  std::atomic<bool> lost{false};
  std::barrier together(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        Sleeper sleeper;
        std::minstd_rand random(static_cast<unsigned>(t) + 1);
        for (int round = 0; round < kRounds && !lost; ++round) {
          together.arrive_and_wait();
          if (!turn(t, random, sleeper) || !turn(t, random, sleeper)) lost = true;
        }
        sleeper.leave(kStart);
        together.arrive_and_drop();
      });
    }
  }
  return !lost;
}

void maybe_yield(std::minstd_rand& random) {
  if (random() % 2 == 0) std::this_thread::yield();
}

TEST(WakeUp, NoneIsLostOnConcurrencyLimits) {
  Limit wide("wide", "", 2);
  Limit narrow("narrow", "", 1);
  std::atomic<int> inside{0};
  std::atomic<bool> crowded{false};
  const bool all_woken = in_rounds([&](int t, std::minstd_rand& random, Sleeper& sleeper) {
    // Some need both, in either order, so that a wake-up by one limit may be refused by the other.
    std::vector<Limit*> need{&narrow};
    if (t % 3 != 0)
      need = t % 3 == 1 ? std::vector<Limit*>{&wide, &narrow} : std::vector<Limit*>{&narrow, &wide};
    if (t == 5) need = {&wide};
    for (;;) {
      if (auto permits = acquire(need, 1, kStart)) {
        sleeper.got_it();
        if (inside.fetch_add(1) >= 3) crowded = true;
        maybe_yield(random);  // held across a switch: others meet a full limit
        inside.fetch_sub(1);
        if (random() % 4 == 0) permits->refund(kStart);
        return true;
      } else {
        maybe_yield(random);  // the slot may come back before we park
        if (!permits.error().limit->park(sleeper, kStart, 1).parked) continue;
      }
      if (random() % 4 == 0) {
        maybe_yield(random);
        sleeper.leave(kStart);  // gives its place up, woken or not
        if (random() % 2 == 0) return true;
      } else if (!sleeper.wait()) {
        return false;
      }
    }
  });
  EXPECT_TRUE(all_woken) << narrow.describe(kStart) << "; " << wide.describe(kStart);
  EXPECT_FALSE(crowded) << "more inside than slots";
  EXPECT_EQ(narrow.waiting() + wide.waiting(), 0U);
  EXPECT_EQ(narrow.available(kStart), 1U);
  EXPECT_EQ(wide.available(kStart), 2U);
}

/// Somebody's timer wheel: one thread that pushes the clock to the earliest instant armed and fires it.
class Timers {
 public:
  Timers(Limit& limit, SharedClock& clock)
      : thread_([this, &limit, &clock](const std::stop_token& stop) {
          for (std::optional<Instant> again;;) {
            std::unique_lock lock(mutex_);
            if (again) armed_.push(*again);
            armed_cv_.wait(lock, stop, [this] { return !armed_.empty(); });
            if (armed_.empty()) return;
            const auto due = armed_.top();
            armed_.pop();
            lock.unlock();
            clock.reach(due);
            again = limit.wake_due(due, clock.now());
          }
        }) {}

  void arm(Instant at) {
    const std::scoped_lock lock(mutex_);
    armed_.push(at);
    armed_cv_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any armed_cv_;
  std::priority_queue<Instant, std::vector<Instant>, std::greater<>> armed_;
  std::jthread thread_;
};

TEST(WakeUp, NoneIsLostOnABucketWithRefunds) {
  const auto rate = Rate::parse("1,000/s burst 2").value();
  Limit bucket("bucket", "", rate);
  SharedClock clock;
  Timers timers(bucket, clock);
  std::atomic<std::uint64_t> spent{0};
  const bool all_woken = in_rounds([&](int, std::minstd_rand& random, Sleeper& sleeper) {
    Limit* const need[] = {&bucket};
    for (;;) {
      const auto now = clock.now();
      if (auto permits = acquire(need, 1, now)) {
        sleeper.got_it();
        maybe_yield(random);
        if (random() % 4 == 0) {
          permits->refund(now);
        } else {
          spent.fetch_add(1);
        }
        return true;
      }
      maybe_yield(random);
      const auto parked = bucket.park(sleeper, clock.now(), 1);
      if (!parked.parked) continue;
      if (parked.arm) timers.arm(*parked.arm);
      if (!sleeper.wait()) return false;
    }
  });
  EXPECT_TRUE(all_woken) << bucket.describe(clock.now());
  EXPECT_EQ(bucket.waiting(), 0U);
  const auto elapsed = static_cast<std::uint64_t>((clock.now() - kStart).count());
  EXPECT_LE(spent, elapsed / 1'000 + rate.burst) << "rate * window + burst";
}

TEST(WakeUp, AReloadUnderTrafficLosesNobody) {
  Limit slots("slots", "", 1);
  std::jthread operators([&](const std::stop_token& stop) {
    for (std::uint32_t i = 0; !stop.stop_requested(); ++i) {
      slots.set_slots(1 + i % 3);
      std::this_thread::yield();
    }
  });
  const bool all_woken = in_rounds([&](int, std::minstd_rand& random, Sleeper& sleeper) {
    Limit* const need[] = {&slots};
    for (;;) {
      if (auto permits = acquire(need, 1, kStart)) {
        sleeper.got_it();
        maybe_yield(random);
        return true;
      }
      maybe_yield(random);
      if (slots.park(sleeper, kStart, 1).parked && !sleeper.wait()) return false;
    }
  });
  EXPECT_TRUE(all_woken) << slots.describe(kStart);
  EXPECT_EQ(slots.waiting(), 0U);
}

}  // namespace
}  // namespace sluice::throttle
