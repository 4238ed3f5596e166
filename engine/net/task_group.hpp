// The owner of spawned coroutines: it can cancel them all, and it waits for them all. Nothing is spawned
// otherwise.
//
// A task that lets an exception out is our bug: it is logged (`task_failed`), counted and ends only itself.
// Cancelling makes the operation a task waits in return ErrorCode::cancelled (Asio: operation_aborted), and
// so does every later wait on a net::Stream in that task; it never throws. A task between two waits of other
// kinds must look at cancelled() itself. One thread: the one that runs the io_context. Destroying a group
// that still has tasks is asserted against: join first.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/net/task.hpp"

namespace sluice::net {

struct TaskGroupOptions {
  std::string name = "tasks";     ///< for the log
  std::size_t max_tasks = 65536;  ///< tasks alive at once; spawn() refuses beyond
};

class TaskGroup {
 public:
  explicit TaskGroup(asio::io_context& context, TaskGroupOptions options = {});
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Starts `task` from the loop (not inside this call). The coroutine's arguments must be values or owners,
  /// or outlive join(). False, and the task never runs, when the group is full or cancelled.
  [[nodiscard]] bool spawn(Task<> task);

  /// Cancels every task and refuses new ones; tasks end in their own time: join() waits for that. Idempotent.
  void cancel();
  [[nodiscard]] bool cancelled() const;

  /// Returns when no task is left; tasks spawned while waiting are waited for too. One waiter at a time.
  Task<> join();

  [[nodiscard]] std::size_t size() const;
  /// Tasks that ended in an exception since the start: a metric that must stay 0.
  [[nodiscard]] std::uint64_t failed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with completion handlers that Asio may run or drop after us
};

}  // namespace sluice::net
