#include "engine/http/client.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "engine/http/unix_socket.hpp"

namespace sluice::http {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::response_parser<beast::http::string_body>;
using Clock = UnixSocket::Clock;

constexpr std::chrono::milliseconds kIdleTick{200};
constexpr std::size_t kReadChunk = 64 * 1024;

std::string head_of(std::string_view method, std::string_view target, std::size_t length) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: sluice\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                     method, target, length);
}

/// One exchange: feeds the parser from the socket, piece by piece.
class Exchange {
 public:
  Exchange(UnixSocket socket, std::size_t max_body) : socket_(std::move(socket)) {
    parser_.eager(true);
    parser_.body_limit(max_body);
  }

  [[nodiscard]] Parser& parser() { return parser_; }

  Expected<> send(std::string_view method, std::string_view target, std::string_view body,
                  Clock::time_point deadline) {
    if (auto sent = socket_.write(head_of(method, target, body.size()), deadline); !sent) return sent;
    // A refusal may come, and the connection close, before the whole body is sent: the answer tells more.
    (void)socket_.write(body, deadline);
    return {};
  }

  /// Reads once and parses what is there. ErrorCode::timeout when nothing came by then.
  Expected<> step(Clock::time_point deadline) {
    std::array<char, kReadChunk> block;
    const auto got = socket_.read(block, deadline);
    if (!got) return std::unexpected(got.error());
    boost::system::error_code error;
    if (*got == 0) {
      if (parser_.got_some()) parser_.put_eof(error);
      if (!error && parser_.is_done()) return {};
      return fail(ErrorCode::unavailable, "the service closed the connection before the answer was complete");
    }
    pending_.append(block.data(), *got);
    while (!pending_.empty() && !parser_.is_done()) {
      const auto used = parser_.put(boost::asio::buffer(pending_), error);
      pending_.erase(0, used);
      if (error == beast::http::error::need_more) break;
      if (error == beast::http::error::body_limit)
        return fail(ErrorCode::limit, "the service's answer is too large");
      if (error) return fail(ErrorCode::corrupt, "the service's answer is not HTTP: " + error.message());
      if (used == 0) break;
    }
    return {};
  }

 private:
  UnixSocket socket_;
  Parser parser_;
  std::string pending_;
};

/// Hands out the whole lines of `text` and keeps the rest. False: the caller has enough.
Expected<bool> take_lines(std::string& text, std::size_t max_line, bool at_end,
                          const std::function<bool(std::string_view)>& on_line) {
  std::size_t begin = 0;
  for (;;) {
    auto end = text.find('\n', begin);
    if (end == std::string::npos && at_end && begin < text.size()) end = text.size();
    if (end == std::string::npos) break;
    const auto line = std::string_view(text).substr(begin, end - begin);
    begin = std::min(end + 1, text.size());
    if (!line.empty() && !on_line(line)) return false;
  }
  text.erase(0, begin);
  if (text.size() > max_line)
    return fail(ErrorCode::limit, fmt::format("a line is longer than {} bytes", max_line));
  return true;
}

ErrorCode code_of(std::string_view name, int status) {
  for (const auto code :
       {ErrorCode::invalid_input, ErrorCode::not_found, ErrorCode::conflict, ErrorCode::limit,
        ErrorCode::unavailable, ErrorCode::timeout, ErrorCode::cancelled, ErrorCode::permission,
        ErrorCode::corrupt, ErrorCode::no_space, ErrorCode::io, ErrorCode::internal}) {
    if (name == name_of(code)) return code;
  }
  if (status == 404) return ErrorCode::not_found;
  return status >= 500 ? ErrorCode::internal : ErrorCode::invalid_input;
}

}  // namespace

Error error_of(int status, std::string_view body) {
  boost::system::error_code error;
  const auto value = boost::json::parse(body, error);
  if (!error && value.is_object()) {
    const auto* inner = value.get_object().if_contains("error");
    if (inner && inner->is_object()) {
      const auto* code = inner->get_object().if_contains("code");
      const auto* message = inner->get_object().if_contains("message");
      if (code && message && code->is_string() && message->is_string()) {
        return {code_of(std::string_view(code->get_string()), status), std::string(message->get_string())};
      }
    }
  }
  return {code_of({}, status), fmt::format("the service answers with status {}", status)};
}

Expected<Answer> Client::request(std::string_view method, std::string_view target,
                                 std::string_view body) const {
  const auto deadline = Clock::now() + options_.timeout;
  auto socket = UnixSocket::connect(path_);
  if (!socket) return std::unexpected(std::move(socket.error()));
  Exchange exchange(std::move(*socket), options_.max_body);
  if (auto sent = exchange.send(method, target, body, deadline); !sent)
    return std::unexpected(std::move(sent.error()));
  if (method == "HEAD") exchange.parser().skip(true);
  while (!exchange.parser().is_done()) {
    if (auto stepped = exchange.step(deadline); !stepped) return std::unexpected(std::move(stepped.error()));
  }
  auto& message = exchange.parser().get();
  return Answer{static_cast<int>(message.result_int()),
                std::string(message[beast::http::field::content_type]), std::move(message.body())};
}

Expected<std::string> Client::body_of(std::string_view method, std::string_view target,
                                      std::string_view body) const {
  auto answer = request(method, target, body);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status < 200 || answer->status > 299)
    return std::unexpected(error_of(answer->status, answer->body));
  return std::move(answer->body);
}

Expected<> Client::stream(std::string_view target, const std::function<bool(std::string_view)>& on_line,
                          const std::function<bool()>& on_idle) const {
  const auto start = Clock::now();
  auto socket = UnixSocket::connect(path_);
  if (!socket) return std::unexpected(std::move(socket.error()));
  Exchange exchange(std::move(*socket), std::numeric_limits<std::size_t>::max());
  if (auto sent = exchange.send("GET", target, {}, start + options_.timeout); !sent) return sent;
  auto& parser = exchange.parser();
  while (true) {
    const bool in_body = parser.is_header_done();
    auto stepped = exchange.step(in_body ? Clock::now() + kIdleTick : start + options_.timeout);
    if (!stepped && (stepped.error().code != ErrorCode::timeout || !in_body)) return stepped;
    if (!stepped && on_idle && !on_idle()) return {};
    if (!parser.is_header_done()) continue;
    const int status = static_cast<int>(parser.get().result_int());
    auto& body = parser.get().body();
    if (status < 200 || status > 299) {
      if (body.size() > options_.max_line) return fail(ErrorCode::limit, "the service's answer is too large");
      if (parser.is_done()) return std::unexpected(error_of(status, body));
      continue;
    }
    const auto more = take_lines(body, options_.max_line, parser.is_done(), on_line);
    if (!more) return std::unexpected(more.error());
    if (!*more || parser.is_done()) return {};
  }
}

}  // namespace sluice::http
