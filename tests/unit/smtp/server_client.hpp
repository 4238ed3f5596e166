// A blocking SMTP client for tests of servers: sends what it is told, reads whole replies, gives up after 10
// s.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "engine/net/stream.hpp"

namespace sluice::smtp::testing {

class Client {
 public:
  explicit Client(const net::Endpoint& server) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto* name = reinterpret_cast<const sockaddr*>(server.data());
    connected_ = ::connect(fd_, name, static_cast<socklen_t>(server.size())) == 0;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(fd_); }

  [[nodiscard]] bool connected() const { return connected_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  /// The next whole reply, all its lines; "" when the connection ended or nothing came for 10 s.
  std::string reply() {
    std::string out;
    for (;;) {
      const auto end = held_.find("\r\n");
      if (end == std::string::npos) {
        if (!fill()) return {};
        continue;
      }
      const auto line = held_.substr(0, end + 2);
      held_.erase(0, end + 2);
      out += line;
      if (line.size() < 4 || line[3] != '-') return out;
    }
  }

  std::string say(std::string_view line) {
    send(std::string(line) + "\r\n");
    return reply();
  }

  /// MAIL, RCPT and DATA in one group, then the text; the answer to the first refused step, or to the text.
  std::string deliver(std::string_view from, std::string_view to, std::string_view text) {
    send("MAIL FROM:<" + std::string(from) + ">\r\nRCPT TO:<" + std::string(to) + ">\r\nDATA\r\n");
    const auto mail = reply();
    const auto rcpt = reply();
    const auto data = reply();
    if (!mail.starts_with("2")) return mail;
    if (!rcpt.starts_with("2")) {
      (void)say("RSET");
      return rcpt;
    }
    if (!data.starts_with("3")) return data;
    send(std::string(text) + "\r\n.\r\n");
    return reply();
  }

  /// The peer has closed, in order or not.
  bool at_end() {
    while (fill()) {
    }
    return true;
  }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  bool fill() {
    char bytes[4096];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    held_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string held_;
};

}  // namespace sluice::smtp::testing
