#include "engine/http/unix_socket.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::http {

Expected<UnixSocket> UnixSocket::connect(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) {
    return fail(ErrorCode::invalid_input, fmt::format("{} is too long for a socket", path));
  }
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  UnixSocket out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (out.fd_ < 0) return fail(ErrorCode::io, fmt::format("making a socket: {}", std::strerror(errno)));
  if (::connect(out.fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return out;
  const auto code = errno == EACCES || errno == EPERM ? ErrorCode::permission : ErrorCode::unavailable;
  return fail(code, fmt::format("no service answers on {}: {}", path, std::strerror(errno)));
}

UnixSocket::UnixSocket(UnixSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UnixSocket::~UnixSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Expected<> UnixSocket::wait(short events, Clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd one{fd_, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR)
      return fail(ErrorCode::io, fmt::format("waiting: {}", std::strerror(errno)));
    if (Clock::now() >= deadline) return fail(ErrorCode::timeout, "the service does not answer in time");
  }
}

Expected<> UnixSocket::write(std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto ready = wait(POLLOUT, deadline); !ready) return ready;
    } else if (errno != EINTR) {
      return fail(ErrorCode::unavailable,
                  fmt::format("the service closed the connection: {}", std::strerror(errno)));
    }
  }
  return {};
}

Expected<std::size_t> UnixSocket::read(std::span<char> into, Clock::time_point deadline) {
  for (;;) {
    if (auto ready = wait(POLLIN, deadline); !ready) return std::unexpected(std::move(ready.error()));
    const auto got = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EINTR) continue;
    return fail(ErrorCode::unavailable,
                fmt::format("the service closed the connection: {}", std::strerror(errno)));
  }
}

}  // namespace sluice::http
