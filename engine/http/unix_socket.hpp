// A blocking unix socket whose waits end. Part of Client.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::http {

class UnixSocket {
 public:
  using Clock = std::chrono::steady_clock;

  /// ErrorCode::unavailable when nobody listens there, permission when we may not.
  [[nodiscard]] static Expected<UnixSocket> connect(const std::string& path);
  UnixSocket(UnixSocket&& other) noexcept;
  UnixSocket& operator=(UnixSocket&&) = delete;
  ~UnixSocket();

  [[nodiscard]] Expected<> write(std::string_view bytes, Clock::time_point deadline);
  /// At least one byte, 0 at the end; ErrorCode::timeout when nothing came.
  [[nodiscard]] Expected<std::size_t> read(std::span<char> into, Clock::time_point deadline);

 private:
  explicit UnixSocket(int fd) : fd_(fd) {}
  [[nodiscard]] Expected<> wait(short events, Clock::time_point deadline) const;
  int fd_;
};

}  // namespace sluice::http
