// Runs coroutines to their end on a loop of the test's own thread, with a limit so that a hang is a failure.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <utility>

#include "engine/net/task_group.hpp"

namespace sluice::net::testing {

class Loop {
 public:
  asio::io_context context{1};
  TaskGroup tasks{context};

  ~Loop() {
    tasks.cancel();
    context.restart();
    context.run_for(std::chrono::seconds(5));
  }

  void spawn(Task<> task) { (void)tasks.spawn(std::move(task)); }

  /// True when nothing is left to do; false after 20 s.
  bool run() {
    context.restart();
    context.run_for(std::chrono::seconds(20));
    return tasks.size() == 0;
  }
};

}  // namespace sluice::net::testing
