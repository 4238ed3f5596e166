#include "engine/net/worker.hpp"

#include <pthread.h>

#include <exception>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"

namespace sluice::net {

Worker::Worker(std::string name) : name_(std::move(name)), work_(asio::make_work_guard(context_)) {}

Worker::~Worker() {
  stop();
  join();
}

void Worker::start() {
  SLUICE_ASSERT(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void Worker::run() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception& e) {
      log::error("worker_handler_failed", {{"worker", name_}, {"error", e.what()}});
    } catch (...) {
      log::error("worker_handler_failed", {{"worker", name_}, {"error", "not a std::exception"}});
    }
  }
}

bool Worker::poll_one() { return context_.poll_one() > 0; }

void Worker::finish() {
  // The guard is only touched on the loop's own thread.
  post([this] { work_.reset(); });
}

void Worker::stop() { context_.stop(); }

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace sluice::net
