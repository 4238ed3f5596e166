// A real server on its own thread, a unix socket in a fresh folder and an ephemeral TCP port, and raw
// clients.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <string>

#include "engine/http/client.hpp"
#include "engine/http/server.hpp"
#include "engine/net/worker.hpp"

namespace sluice::http {

/// A blocking TCP client that says exactly what it is told.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has closed; what it said can still be read
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Reads until `wanted` has been seen, the end, or 10 s of silence.
  [[nodiscard]] std::string read_until(std::string_view wanted) const {
    std::string out;
    while (out.find(wanted) == std::string::npos || wanted.empty()) {
      pollfd one{fd_, POLLIN, 0};
      if (::poll(&one, 1, 10'000) <= 0) break;
      char block[4096];
      const auto got = ::recv(fd_, block, sizeof block, 0);
      if (got <= 0) break;
      out.append(block, static_cast<std::size_t>(got));
    }
    return out;
  }
  /// Everything until the server closes.
  [[nodiscard]] std::string read_all() const { return read_until(""); }

 private:
  int fd_;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice_http_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }

  void TearDown() override {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void start(Router router, ServerOptions options = {}) {
    worker_.start();
    std::promise<std::uint16_t> port;
    worker_.post([&] {
      server_.emplace(worker_.context(), std::move(router), std::move(options));
      stopping_.emplace(worker_.context());
      const auto listening = server_->listen_unix(socket());
      EXPECT_TRUE(listening) << listening.error().text;
      const auto bound = server_->listen_tcp({boost::asio::ip::address_v4::loopback(), 0});
      port.set_value(bound ? bound->port() : 0);
    });
    port_ = port.get_future().get();
    ASSERT_NE(port_, 0);
  }

  void stop() {
    if (!server_) return;
    std::promise<void> stopped;
    worker_.post([&] { ASSERT_TRUE(stopping_->spawn(stop_server(stopped))); });
    stopped.get_future().get();
    worker_.finish();
    worker_.join();
    server_.reset();
    stopping_.reset();
  }

  [[nodiscard]] std::string socket() const { return (folder_ / "control.sock").string(); }
  [[nodiscard]] Client client() const { return Client(socket()); }

  /// The whole answer to raw bytes, until the server closes.
  [[nodiscard]] std::string exchange(std::string_view bytes) const {
    RawClient raw(port_);
    raw.send(bytes);
    return raw.read_all();
  }

  std::filesystem::path folder_;
  net::Worker worker_{"http-test"};
  std::optional<Server> server_;
  std::optional<net::TaskGroup> stopping_;
  std::uint16_t port_ = 0;

 private:
  net::Task<> stop_server(std::promise<void>& stopped) {
    co_await server_->stop();
    stopped.set_value();
  }
};

/// GET /hello, POST /echo, GET /boom (throws), GET /items/{id}.
[[nodiscard]] Router test_router();

}  // namespace sluice::http
