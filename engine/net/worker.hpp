// One thread with its own event loop. Objects made on a worker belong to it; other threads reach them by
// post() only. There is no cached `now()`: a clock read costs 25 ns here, less than any way to learn that a
// loop turn has passed.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace sluice::net {

namespace asio = boost::asio;

class Worker {
 public:
  /// `name` shows in ps and in the log; Linux keeps 15 bytes of it.
  explicit Worker(std::string name);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// Stops and joins. Objects that live on the loop must be gone by then, or be safe to destroy without it.
  ~Worker();

  /// Starts the thread, once.
  void start();

  /// In place of start(), for the simulation: runs one handler that is ready on the caller's thread; false
  /// when none is.
  bool poll_one();

  /// Any thread. `fn()` runs on the worker, in posting order; never inside this call. It must not throw: what
  /// it throws is logged as our bug (`worker_handler_failed`) and the loop goes on. After stop() it is kept
  /// or dropped.
  template <class Fn>
  void post(Fn&& fn) {
    asio::post(context_, std::forward<Fn>(fn));
  }

  /// Any thread: the loop ends as soon as nothing is left to do. For an orderly end.
  void finish();
  /// Any thread: the loop ends after the handler it is in.
  void stop();
  /// Waits for the thread; not from the worker itself.
  void join();

  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] bool is_current_thread() const { return thread_.get_id() == std::this_thread::get_id(); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void run();

  std::string name_;
  asio::io_context context_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::thread thread_;
};

}  // namespace sluice::net
