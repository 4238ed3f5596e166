#include "engine/http/request_reader.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "engine/base/lower_case.hpp"

namespace sluice::http {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

constexpr std::size_t kReadChunk = 16 * 1024;

Response refusal_of(const boost::system::error_code& code) {
  using Problem = beast::http::error;
  if (code == Problem::header_limit)
    return error_response(431, "limit", "the request's headers are too long");
  if (code == Problem::body_limit) return error_response(413, "limit", "the request's body is too large");
  return error_response(400, "invalid_input", "this is not an HTTP/1.1 request: " + code.message());
}

std::expected<Request, NoRequest> to_request(Parser& parser) {
  auto& message = parser.get();
  Request out;
  out.method = std::string(message.method_string());
  out.is_http10 = message.version() == 10;
  out.keep_alive = message.keep_alive();
  if (!set_target(out, message.target())) {
    return std::unexpected(
        NoRequest{error_response(400, "invalid_input", "the request's path cannot be read")});
  }
  for (const auto& field : message) {
    auto& value = out.headers[lower_case(field.name_string())];
    if (!value.empty()) value += ", ";
    value += std::string_view(field.value());
  }
  out.body = std::move(message.body());
  return out;
}

bool wants_continue(const Parser& parser) {
  return lower_case(parser.get()[beast::http::field::expect]) == "100-continue";
}

}  // namespace

RequestReader::RequestReader(net::Stream& stream, const ReadLimits& limits)
    : stream_(stream), limits_(limits), buffer_(limits.header_size + kReadChunk) {}

Task<std::expected<Request, NoRequest>> RequestReader::next() {
  Parser parser;
  parser.eager(true);
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_size));
  parser.body_limit(limits_.body_size);
  bool continued = false;
  for (;;) {
    while (!buffer_.empty() && !parser.is_done()) {
      const auto unread = buffer_.unread();
      boost::system::error_code error;
      const auto used = parser.put(boost::asio::buffer(unread.data(), unread.size()), error);
      buffer_.consume(used);
      if (error == beast::http::error::need_more) break;
      if (error) co_return std::unexpected(NoRequest{refusal_of(error)});
      if (used == 0) break;
    }
    if (parser.is_done()) co_return to_request(parser);
    if (parser.is_header_done() && !continued && buffer_.empty() && wants_continue(parser)) {
      continued = true;
      auto sent = co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
      if (!sent) co_return std::unexpected(NoRequest{});
    }
    const auto room = buffer_.prepare(kReadChunk);
    if (room.empty()) {
      co_return std::unexpected(
          NoRequest{error_response(431, "limit", "the request's headers are too long")});
    }
    auto got = co_await stream_.read_some(room);
    if (!got || *got == 0) co_return std::unexpected(NoRequest{});
    buffer_.commit(*got);
  }
}

}  // namespace sluice::http
