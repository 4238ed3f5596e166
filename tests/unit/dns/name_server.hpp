// A real name server (nsd through tests/integration/lib/dns_server.py) on a free loopback port, and the loop
// that runs a coroutine against it.
#pragma once

#include <sys/types.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/net/task.hpp"

namespace sluice::dns {

class NameServer {
 public:
  /// Zone name to zone text without SOA and NS. Throws std::runtime_error when it cannot start.
  explicit NameServer(std::map<std::string, std::string> zones, std::vector<std::string> broken = {});
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  /// "127.0.0.1:port"; the same after a restart.
  [[nodiscard]] std::string address() const;
  void stop();
  void start();
  void set_zone(const std::string& zone, std::string text);

 private:
  std::map<std::string, std::string> zones_;
  std::vector<std::string> broken_;
  std::string folder_;
  int port_ = 0;
  pid_t pid_ = -1;
  int stdin_ = -1;
};

/// A UDP port of loopback where nobody answers.
class SilentServer {
 public:
  SilentServer();
  ~SilentServer();
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  [[nodiscard]] std::string address() const;

 private:
  int socket_;
};

/// Runs the loop until the coroutine has ended.
template <class T>
T run(net::asio::io_context& loop, net::Task<T> task) {
  std::optional<T> result;
  std::exception_ptr error;
  bool done = false;
  net::asio::co_spawn(
      loop,
      [](net::Task<T> t, std::optional<T>& out) -> net::Task<> {
        auto value = co_await std::move(t);
        out.emplace(std::move(value));
      }(std::move(task), result),
      [&](const std::exception_ptr& e) {
        error = e;
        done = true;
      });
  loop.restart();
  while (!done) loop.run_one();
  if (error) std::rethrow_exception(error);
  return std::move(*result);
}

}  // namespace sluice::dns
