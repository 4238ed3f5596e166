// Things to do at an instant, on one worker: one Asio timer over a heap instead of a timer object a wait. Or
// no Asio timer: the simulation's clock jumps, so it looks at next() and calls fire() itself.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "engine/base/clock.hpp"

namespace sluice::delivery {

/// One thread. What is scheduled cannot be taken back: the function looks whether it is still wanted.
class Timers {
 public:
  Timers(boost::asio::io_context& context, const Clock& clock) : timer_(context), clock_(clock) {}

  /// From now on the owner calls fire(); before the first at().
  void drive() { driven_ = true; }
  void at(Instant when, std::function<void()> fn);
  /// When fire() has something to do next; Instant::max(): never.
  [[nodiscard]] Instant next() const { return entries_.empty() ? Instant::max() : entries_.top().when; }
  /// Does what is due.
  void fire();
  /// Drops everything.
  void stop();

 private:
  struct Entry {
    Instant when;
    std::uint64_t order;
    std::function<void()> fn;
    friend bool operator>(const Entry& a, const Entry& b) {
      return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
  };

  void arm();

  boost::asio::steady_timer timer_;
  const Clock& clock_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
  std::uint64_t next_order_ = 0;
  Instant armed_ = Instant::max();
  bool driven_ = false;
  bool stopped_ = false;
};

}  // namespace sluice::delivery
