// What everything in the simulation shares: time, chance, the agenda and the trace. One thread.
//
// Time is true time, which nothing in the engine sees. The engine's clock is it plus a skew, which a step of
// the wall clock changes while the engine is down: a running engine counts steady time
// (engine/base/clock.hpp).
#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"
#include "tests/sim/trace.hpp"

namespace sluice::sim {

/// Things to do at an instant of true time, in order; those of one instant in the order they were entered.
class Agenda {
 public:
  void at(Instant when, std::function<void()> fn) { entries_.push({when, order_++, std::move(fn)}); }
  [[nodiscard]] Instant next() const { return entries_.empty() ? Instant::max() : entries_.top().when; }
  void run_one() {
    auto fn = std::move(const_cast<Entry&>(entries_.top()).fn);
    entries_.pop();
    fn();
  }

 private:
  struct Entry {
    Instant when;
    std::uint64_t order;
    std::function<void()> fn;
    friend bool operator>(const Entry& a, const Entry& b) {
      return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
  };
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
  std::uint64_t order_ = 0;
};

struct World {
  World(std::uint64_t with_seed, bool verbose)
      : seed(with_seed), random(with_seed), trace(with_seed, verbose) {}

  const std::uint64_t seed;
  Random random;
  Instant now{std::chrono::hours(24 * 365 * 55)};
  Agenda agenda;
  Trace trace;
  std::uint64_t steps = 0;  ///< handlers, timers, commits, reads, and things done at the receivers

  void note(const char* what, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0) {
    trace.note(now, what, a, b, c);
  }
  void after(Micros wait, std::function<void()> fn) { agenda.at(now + wait, std::move(fn)); }
  [[nodiscard]] bool chance(double probability) { return random.unit() < probability; }
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + random.below(high - low + 1);
  }
  [[nodiscard]] Micros wait_between(Micros low, Micros high) {
    return low + Micros(static_cast<std::int64_t>(
                     random.below(static_cast<std::uint64_t>((high - low).count()) + 1)));
  }
};

class WorldClock final : public Clock {
 public:
  WorldClock(const World& world, Micros skew) : world_(world), skew_(skew) {}
  [[nodiscard]] Instant now() const override { return world_.now + skew_; }
  [[nodiscard]] Micros skew() const { return skew_; }
  /// For an engine that died and is only being taken apart: its time runs on, the world's does not.
  void drift_to(Instant when) { skew_ = std::max<Micros>(skew_, when - world_.now); }

 private:
  const World& world_;
  Micros skew_;
};

}  // namespace sluice::sim
