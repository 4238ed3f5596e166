// Things to do at an instant, on one worker: one Asio timer over a heap instead of a timer object a wait.
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

  void at(Instant when, std::function<void()> fn);
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
  void fire();

  boost::asio::steady_timer timer_;
  const Clock& clock_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
  std::uint64_t next_order_ = 0;
  Instant armed_ = Instant::max();
  bool stopped_ = false;
};

}  // namespace sluice::delivery
