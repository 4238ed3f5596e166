// Reads one request after another off a stream: Beast parses, the bounds are ours. One connection, one
// thread.
#pragma once

#include <cstddef>
#include <expected>

#include "engine/http/message.hpp"
#include "engine/net/buffer.hpp"
#include "engine/net/stream.hpp"

namespace sluice::http {

struct ReadLimits {
  std::size_t header_size = 16 * 1024;  ///< request line and headers; beyond it 431
  std::size_t body_size = 1024 * 1024;  ///< beyond it 413
};

/// Why there is no request: `answer` when the client is owed one before the connection ends, nothing when it
/// left, was silent too long, or the server stops.
struct NoRequest {
  std::optional<Response> answer;
};

class RequestReader {
 public:
  RequestReader(net::Stream& stream, const ReadLimits& limits);

  /// The next request, whole. The stream's deadline bounds all of it. Sends 100 Continue where asked for.
  Task<std::expected<Request, NoRequest>> next();

  /// Bytes behind the last request were already sent by the client (pipelined).
  [[nodiscard]] bool has_more() const { return !buffer_.empty(); }
  /// Room for bytes that arrive while a response streams.
  [[nodiscard]] net::ReadBuffer& buffer() { return buffer_; }

 private:
  net::Stream& stream_;
  ReadLimits limits_;
  net::ReadBuffer buffer_;
};

}  // namespace sluice::http
