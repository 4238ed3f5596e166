// A scripted SMTP server on an ephemeral port of 127.0.0.1: each connection runs the next script.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "engine/net/listener.hpp"
#include "engine/net/task_group.hpp"
#include "engine/smtp/client_connection.hpp"
#include "tests/unit/net/loop.hpp"

namespace sluice::smtp::testing {

using net::Task;
using namespace std::chrono_literals;

/// The server's end of one connection, as a script sees it.
class Peer {
 public:
  explicit Peer(net::Stream accepted) : stream(std::move(accepted)) {
    stream.set_deadline(net::Deadline::after(10s));
  }

  Task<> say(std::string bytes) {
    const auto written = co_await stream.write(bytes);
    (void)written;
  }
  /// The next line without CRLF; "(closed)" when the client is gone.
  Task<std::string> line() {
    for (;;) {
      if (const auto at = held.find("\r\n"); at != std::string::npos) {
        auto out = held.substr(0, at);
        held.erase(0, at + 2);
        heard.push_back(out);
        co_return out;
      }
      std::array<char, 4096> chunk;
      auto n = co_await stream.read_some(chunk);
      if (!n || *n == 0) co_return "(closed)";
      held.append(chunk.data(), *n);
    }
  }
  /// Lines up to and including `last`.
  Task<> until(std::string last) {
    for (;;) {
      const auto got = co_await line();
      if (got == last || got == "(closed)") co_return;
    }
  }
  /// Exactly n bytes.
  Task<std::string> bytes(std::size_t n) {
    std::array<char, 4096> chunk;
    while (held.size() < n) {
      auto got = co_await stream.read_some(chunk);
      if (!got || *got == 0) break;
      held.append(chunk.data(), *got);
    }
    auto out = held.substr(0, n);
    held.erase(0, n);
    co_return out;
  }
  Task<> greet(std::string capabilities = "250-mx\r\n250-PIPELINING\r\n250 SIZE 100000\r\n") {
    co_await say("220 mx ready\r\n");
    co_await line();
    co_await say(capabilities);
  }

  net::Stream stream;
  std::string held;
  std::vector<std::string> heard;
};

using Script = std::function<Task<>(Peer&)>;

class FakeServer {
 public:
  FakeServer(net::testing::Loop& loop, std::vector<Script> scripts) : scripts_(std::move(scripts)) {
    auto bound = net::Listener::bind(loop.context, {net::asio::ip::address_v4::loopback(), 0});
    EXPECT_TRUE(bound);
    listener_.emplace(std::move(*bound));
    endpoint = listener_->endpoint();
    loop.spawn(run());
  }

  net::Endpoint endpoint;
  std::vector<std::vector<std::string>> heard;  ///< lines by connection

 private:
  Task<> run() {
    for (auto& script : scripts_) {
      auto stream = co_await listener_->accept();
      if (!stream) co_return;
      Peer peer(std::move(*stream));
      co_await script(peer);
      heard.push_back(peer.heard);
    }
    listener_->close();
  }

  std::vector<Script> scripts_;
  std::optional<net::Listener> listener_;
};

/// One client against scripts; the body runs to its end or the test fails.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    auto made = net::TlsClientContext::make();
    EXPECT_TRUE(made);
    tls = std::move(*made);
    options.ehlo_name = "client.test";
  }

  using Body = std::function<Task<>(ClientConnection&, const Target&)>;

  void run(std::vector<Script> scripts, Body body) {
    server.emplace(loop, std::move(scripts));
    target.hosts = {{server->endpoint, "mx.example.test"}};
    bool ended = false;
    loop.spawn(play(body, ended));
    EXPECT_TRUE(loop.run());
    EXPECT_TRUE(ended);
    EXPECT_EQ(loop.tasks.failed(), 0u);
  }

  /// What the client said on the connection given.
  [[nodiscard]] std::string conversation(std::size_t connection = 0) const {
    std::string out;
    if (connection >= server->heard.size()) return "(no such connection)";
    for (const auto& line : server->heard[connection]) out += line + "|";
    return out;
  }

  net::testing::Loop loop;
  std::unique_ptr<net::TlsClientContext> tls;
  ClientOptions options;
  Target target;
  std::optional<FakeServer> server;

 private:
  Task<> play(Body& body, bool& ended) {
    ClientConnection connection(loop.context, *tls, options);
    co_await body(connection, target);
    ended = true;
  }
};

}  // namespace sluice::smtp::testing
