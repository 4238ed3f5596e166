// Coroutines of the engine that wait for something of the outside world: they sleep until the agenda wakes
// them.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <map>

#include "engine/net/task.hpp"
#include "tests/sim/world.hpp"

namespace sluice::sim {

/// Outlives every sleeper.
class Sleepers {
 public:
  explicit Sleepers(World& world) : world_(world) {}

  /// True when `wait` is over; false when it was cut short: wake(), close(), or the task was cancelled.
  /// `number` is set before it sleeps.
  net::Task<bool> sleep(Micros wait, std::uint64_t* number);
  void wake(std::uint64_t number) { end(number, false); }
  /// The engine is dead: nobody sleeps any more.
  void close();
  void reopen() { closed_ = false; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  struct Sleeper {
    net::asio::steady_timer timer;
    bool slept = false;
  };
  void end(std::uint64_t number, bool slept);

  World& world_;
  std::map<std::uint64_t, Sleeper*> sleepers_;
  std::uint64_t last_ = 0;
  bool closed_ = false;
};

}  // namespace sluice::sim
