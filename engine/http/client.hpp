// Asks a running service over its unix socket, and waits: for command-line verbs and tests, not for the
// engine. One connection a request. Blocking; any thread, one request at a time an object.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::http {

struct ClientOptions {
  std::chrono::milliseconds timeout{
      30'000};  ///< for a whole answer; for a stream, between two pieces of its head
  std::size_t max_body = 64 * 1024 * 1024;  ///< a longer answer is ErrorCode::limit
  std::size_t max_line = 1024 * 1024;       ///< of a stream; a longer line is ErrorCode::limit
};

struct Answer {
  int status = 0;
  std::string content_type;
  std::string body;
};

class Client {
 public:
  explicit Client(std::string socket_path, ClientOptions options = {})
      : path_(std::move(socket_path)), options_(options) {}

  /// The answer, whatever its status. ErrorCode::unavailable: nobody listens on the socket, or it went away
  /// half-way; timeout, limit, corrupt (not HTTP).
  [[nodiscard]] Expected<Answer> request(std::string_view method, std::string_view target,
                                         std::string_view body = {}) const;

  /// The answer's body when the status is 2xx, else the error it carries ({"error":{"code","message"}}).
  [[nodiscard]] Expected<std::string> body_of(std::string_view method, std::string_view target,
                                              std::string_view body = {}) const;

  /// Calls `on_line` for each line of the body as it comes, without its LF; empty lines (heartbeats) are left
  /// out. Ends well when the stream ends or `on_line` returns false. A status other than 2xx is the error it
  /// carries. Waits without limit between lines; `on_idle`, if given, is called every 200 ms of silence,
  /// false ends the wait.
  [[nodiscard]] Expected<> stream(std::string_view target,
                                  const std::function<bool(std::string_view line)>& on_line,
                                  const std::function<bool()>& on_idle = {}) const;

 private:
  std::string path_;
  ClientOptions options_;
};

/// The error an answer carries; for bodies of another shape a sentence with the status.
[[nodiscard]] Error error_of(int status, std::string_view body);

}  // namespace sluice::http
