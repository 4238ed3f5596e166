#include "engine/net/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <list>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"

namespace sluice::net {

namespace {
struct Running {
  asio::cancellation_signal signal;
  bool ended = false;
};

std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "not a std::exception";
  }
}

Task<> without_throwing_cancel(Task<> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}
}  // namespace

struct TaskGroup::State {
  State(asio::io_context& c, TaskGroupOptions o) : context(c), options(std::move(o)), all_ended(c) {}

  asio::io_context& context;
  TaskGroupOptions options;
  std::list<Running> running;
  std::size_t alive = 0;
  std::uint64_t failed = 0;
  bool is_cancelled = false;
  bool emitting = false;  // an emit may end a task at once: its entry is then swept afterwards
  asio::steady_timer all_ended;

  void ended(std::list<Running>::iterator task, const std::exception_ptr& error) {
    if (error) {
      ++failed;
      log::error("task_failed", {{"group", options.name}, {"error", describe(error)}});
    }
    if (emitting) {
      task->ended = true;
    } else {
      running.erase(task);
    }
    if (--alive == 0) all_ended.cancel();
  }
};

TaskGroup::TaskGroup(asio::io_context& context, TaskGroupOptions options)
    : state_(std::make_shared<State>(context, std::move(options))) {}

TaskGroup::~TaskGroup() { SLUICE_ASSERT(state_->alive == 0); }

bool TaskGroup::spawn(Task<> task) {
  if (state_->is_cancelled || state_->alive >= state_->options.max_tasks) return false;
  const auto entry = state_->running.emplace(state_->running.end());
  ++state_->alive;
  auto on_end = [state = state_, entry](const std::exception_ptr& error) { state->ended(entry, error); };
  asio::post(state_->context, [state = state_, entry, task = std::move(task), on_end]() mutable {
    if (state->is_cancelled) return on_end(nullptr);
    asio::co_spawn(state->context, without_throwing_cancel(std::move(task)),
                   asio::bind_cancellation_slot(entry->signal.slot(), on_end));
  });
  return true;
}

void TaskGroup::cancel() {
  if (state_->is_cancelled) return;
  const auto state = state_;
  state->is_cancelled = true;
  state->emitting = true;
  for (auto& task : state->running) task.signal.emit(asio::cancellation_type::terminal);
  state->emitting = false;
  state->running.remove_if([](const Running& task) { return task.ended; });
}

bool TaskGroup::cancelled() const { return state_->is_cancelled; }

Task<> TaskGroup::join() {
  const auto state = state_;
  while (state->alive != 0) {
    // No deadline: the owner has decided to wait; what the tasks wait for has deadlines of its own.
    state->all_ended.expires_at(asio::steady_timer::time_point::max());
    co_await state->all_ended.async_wait(kTuple);
  }
}

std::size_t TaskGroup::size() const { return state_->alive; }
std::uint64_t TaskGroup::failed() const { return state_->failed; }

}  // namespace sluice::net
