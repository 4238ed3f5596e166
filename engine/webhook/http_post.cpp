#include "engine/webhook/http_post.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <ctime>
#include <memory>

namespace sluice::webhook {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

constexpr int kMaxInterim = 5;  ///< 1xx answers before the one that counts
constexpr std::size_t kMaxAddresses = 8;

std::string head_of(const Url& url, const Headers& headers, std::size_t length) {
  auto out = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", url.target, url.authority,
                         length);
  for (const auto& [name, value] : headers) out.append(name).append(": ").append(value).append("\r\n");
  return out + "\r\n";
}

/// A timer that calls a look-up off. Shared: its handler may run after the look-up has ended.
struct LookUp {
  explicit LookUp(asio::io_context& context) : resolver(context), timer(context) {}
  asio::ip::tcp::resolver resolver;
  asio::steady_timer timer;
};

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::int64_t now_s) {
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size())
    return seconds < 0 ? std::nullopt : std::optional(std::chrono::seconds(seconds));
  std::tm parts{};
  const std::string copy(text);
  const char* end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto at = static_cast<std::int64_t>(::timegm(&parts));
  return at > now_s ? std::optional(std::chrono::seconds(at - now_s)) : std::nullopt;
}

HttpPost::HttpPost(asio::io_context& context, net::TlsClientContext& tls, Url url, bool plain,
                   std::size_t answer_bytes)
    : context_(context), tls_(tls), url_(std::move(url)), plain_(plain), answer_bytes_(answer_bytes) {}

void HttpPost::close() { stream_.reset(); }

net::Task<Expected<std::vector<net::Endpoint>>> HttpPost::resolve(net::Deadline deadline) {
  boost::system::error_code no_address;
  const auto address = asio::ip::make_address(url_.host, no_address);
  if (!no_address) co_return std::vector{net::Endpoint(address, url_.port)};
  const auto lookup = std::make_shared<LookUp>(context_);
  lookup->timer.expires_at(deadline.time());
  lookup->timer.async_wait([lookup](const boost::system::error_code& error) {
    if (!error) lookup->resolver.cancel();
  });
  const auto port = std::to_string(url_.port);
  auto [error, results] = co_await lookup->resolver.async_resolve(url_.host, port, net::kTuple);
  lookup->timer.cancel();
  if (error == asio::error::operation_aborted && !deadline.passed())
    co_return fail(ErrorCode::cancelled, "cancelled");
  if (error)
    co_return fail(ErrorCode::unavailable, fmt::format("looking {} up: {}", url_.host, error.message()));
  std::vector<net::Endpoint> out;
  for (const auto& one : results) {
    if (out.size() < kMaxAddresses) out.push_back(one.endpoint());
  }
  co_return out;
}

net::Task<Expected<>> HttpPost::connect(net::Deadline deadline) {
  auto endpoints = co_await resolve(deadline);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  Error last{ErrorCode::unavailable, url_.host + " has no address"};
  for (const auto& endpoint : *endpoints) {
    if (!url_.tls && !plain_ && !endpoint.address().is_loopback()) {
      last = {ErrorCode::unavailable, fmt::format("{} resolves to {}, which is not loopback", url_.host,
                                                  endpoint.address().to_string())};
      continue;
    }
    stream_.emplace(context_);
    auto connected = co_await stream_->connect(endpoint, std::nullopt, deadline);
    if (connected && url_.tls) {
      net::TlsClientRequest request{net::TlsVerify::peer, url_.host, url_.authority};
      connected = co_await stream_->start_tls(tls_, std::move(request), deadline);
    }
    if (connected) co_return Expected<>{};
    last = connected.error();
    stream_.reset();
    if (last.code == ErrorCode::cancelled || deadline.passed()) break;
  }
  co_return std::unexpected(last);
}

net::Task<Expected<PostAnswer>> HttpPost::post(const Headers& headers, const std::string& body,
                                               net::Deadline deadline) {
  const auto head = head_of(url_, headers, body.size());
  const bool reused = stream_.has_value();
  if (reused) {
    stream_->set_deadline(deadline);
  } else {
    auto connected = co_await connect(deadline);
    if (!connected) co_return std::unexpected(connected.error());
  }
  auto answer = co_await exchange(head, body);
  if (!answer) stream_.reset();
  // A kept connection may have been closed meanwhile: nothing was refused.
  const bool stale = reused && !answer && !heard_ && answer.error().code == ErrorCode::unavailable;
  if (!stale) co_return answer;
  auto connected = co_await connect(deadline);
  if (!connected) co_return std::unexpected(connected.error());
  answer = co_await exchange(head, body);
  if (!answer) stream_.reset();
  co_return answer;
}

net::Task<Expected<PostAnswer>> HttpPost::exchange(const std::string& head, const std::string& body) {
  heard_ = false;
  const std::array<std::string_view, 2> pieces{head, body};
  auto written = co_await stream_->write(pieces);
  // A refusal may come, and the connection close, before the whole body is sent: the answer tells more.
  if (!written && written.error().code != ErrorCode::unavailable) co_return std::unexpected(written.error());
  auto answer = co_await read_answer();
  if (!answer && !written) co_return std::unexpected(written.error());
  co_return answer;
}

net::Task<Expected<PostAnswer>> HttpPost::read_answer() {
  std::string pending;
  std::array<char, 8192> block;
  for (int interim = 0; interim <= kMaxInterim; ++interim) {
    Parser parser;
    parser.eager(true);
    parser.header_limit(kMaxAnswerHeader);
    parser.body_limit(answer_bytes_);
    bool cut = false;
    while (!parser.is_done() && !cut) {
      boost::system::error_code error;
      const auto used = pending.empty() ? 0 : parser.put(asio::buffer(pending), error);
      pending.erase(0, used);
      if (error == http::error::body_limit && parser.is_header_done()) {
        cut = true;
        break;
      }
      if (error && error != http::error::need_more)
        co_return fail(ErrorCode::invalid_input, "the answer is not HTTP: " + error.message());
      if (parser.is_done() || (used > 0 && !pending.empty())) continue;
      auto got = co_await stream_->read_some(block);
      if (!got && parser.is_header_done()) {
        cut = true;  // the status is known, and that is what counts
        break;
      }
      if (!got) co_return std::unexpected(got.error());
      heard_ = heard_ || *got > 0;
      pending.append(block.data(), *got);
      if (*got > 0) continue;
      if (!parser.is_header_done())
        co_return fail(ErrorCode::unavailable, "the connection was closed before an answer");
      cut = true;
    }
    const auto& message = parser.get();
    PostAnswer out;
    out.status = static_cast<int>(message.result_int());
    if (out.status < 200 && !cut) continue;
    const auto retry = message[http::field::retry_after];
    out.retry_after = parse_retry_after({retry.data(), retry.size()}, std::time(nullptr));
    out.begin = message.body().substr(0, kShownBytes);
    if (cut || !message.keep_alive() || !pending.empty()) stream_.reset();
    if (stream_) stream_->set_deadline(net::Deadline::never());
    co_return out;
  }
  co_return fail(ErrorCode::invalid_input, "the server sent nothing but interim answers");
}

}  // namespace sluice::webhook
