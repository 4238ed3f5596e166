// A request and a response as plain values, and the JSON forms every handler answers in.
// Text of a request is untrusted. Pure but for the stream callback; any thread.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/http/percent.hpp"
#include "engine/net/task.hpp"

namespace sluice::http {

using net::Task;

struct Request {
  std::string method;  ///< upper case as sent; HEAD reaches GET handlers, the body is then not sent
  std::string path;    ///< percent-decoded, starts with '/', no query
  std::map<std::string, std::string, std::less<>> query;  ///< decoded; of a repeated key the last value
  std::map<std::string, std::string, std::less<>>
      headers;  ///< names in lower case; repeated ones joined with ", "
  std::map<std::string, std::string, std::less<>> params;  ///< what {name} in the route's pattern stood for
  std::string body;
  bool is_http10 = false;
  bool keep_alive = true;

  /// The value of a query key, or `otherwise`.
  [[nodiscard]] std::string_view query_or(std::string_view key, std::string_view otherwise) const;
};

/// Where a streaming response goes. One writer at a time; the connection's thread.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  /// One chunk; returns when the socket has taken it. Bounded by the server's write time-out.
  virtual Task<Expected<>> write(std::string bytes) = 0;
  /// The client has closed: nothing more will be read.
  [[nodiscard]] virtual bool gone() const = 0;
  /// Called once, when the client closes or the server stops, so that a waiting handler can wake up.
  /// An empty one takes it back; that is done for the handler when it ends.
  virtual void on_gone(std::function<void()> call) = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< CR and LF in them are dropped
  /// When set, the body is what this writes, chunked, and the connection ends with it.
  std::function<Task<>(std::shared_ptr<ResponseStream>)> stream;
};

[[nodiscard]] Response json_response(const boost::json::value& value, int status = 200);
[[nodiscard]] Response text_response(std::string text, int status = 200);
/// {"error":{"code":…,"message":…}}.
[[nodiscard]] Response error_response(int status, std::string_view code, std::string_view message);
/// The status that fits the code: not_found 404, conflict 409, limit and unavailable 503, invalid_input 400,
/// …
[[nodiscard]] Response error_response(const Error& error);

/// "Not Found"; "Unknown" for numbers HTTP does not know.
[[nodiscard]] std::string_view reason_of(int status);

/// Status line and headers, ended by the empty line. `length` is the body's, nothing means chunked (or, for
/// HTTP/1.0, until the connection closes).
[[nodiscard]] std::string head_of(const Response& response, std::optional<std::size_t> length,
                                  bool keep_alive, bool is_http10);

/// Splits and decodes a request target ("/a%20b?x=1"). False: not an origin-form target, or a broken escape
/// or NUL.
[[nodiscard]] bool set_target(Request& request, std::string_view target);

}  // namespace sluice::http
