#include "engine/http/connection.hpp"

#include <fmt/format.h>

#include <array>
#include <exception>

#include "engine/base/log.hpp"

namespace sluice::http {
namespace {

using net::Deadline;

constexpr std::chrono::seconds kLinger{2};
constexpr std::size_t kLingerBytes = 256 * 1024;

/// Lets the client read what was sent although it is still sending: closing at once would reset the
/// connection.
Task<> linger(net::Stream& stream) {
  stream.shutdown();
  stream.set_deadline(Deadline::after(kLinger));
  std::array<char, 4096> sink{};
  for (std::size_t taken = 0; taken < kLingerBytes;) {
    auto got = co_await stream.read_some(sink);
    if (!got || *got == 0) break;
    taken += *got;
  }
  stream.close();
}

Task<bool> send(net::Stream& stream, const Response& response, const Request* request, bool keep_alive,
                const ServerOptions& options) {
  const auto head = head_of(response, response.body.size(), keep_alive, request && request->is_http10);
  const bool without_body = (request && request->method == "HEAD") || response.status == 204;
  const std::array<std::string_view, 2> parts{
      head, without_body ? std::string_view() : std::string_view(response.body)};
  stream.set_deadline(Deadline::after(options.write));
  auto sent = co_await stream.write(parts);
  co_return sent.has_value();
}

class ChunkedStream final : public ResponseStream {
 public:
  ChunkedStream(net::Stream& stream, const Service& service, bool chunked)
      : stream_(stream), group_(service.group), chunked_(chunked), write_timeout_(service.options.write) {}

  Task<Expected<>> write(std::string bytes) override {
    if (group_.cancelled()) co_return fail(ErrorCode::cancelled, "the server is stopping");
    if (gone_) co_return fail(ErrorCode::unavailable, "the client has closed the connection");
    if (bytes.empty()) co_return Expected<>();
    const auto size = chunked_ ? fmt::format("{:x}\r\n", bytes.size()) : std::string();
    const std::array<std::string_view, 3> parts{size, bytes, chunked_ ? "\r\n" : ""};
    stream_.set_deadline(Deadline::after(write_timeout_));
    auto sent = co_await stream_.write(parts);
    stream_.set_deadline(Deadline::never());
    if (!sent) mark_gone();
    co_return sent;
  }

  [[nodiscard]] bool gone() const override { return gone_ || group_.cancelled(); }

  void on_gone(std::function<void()> call) override {
    if (call && gone()) return call();
    call_ = std::move(call);
  }

  void mark_gone() {
    if (std::exchange(gone_, true)) return;
    if (const auto call = std::exchange(call_, nullptr)) call();
  }

 private:
  net::Stream& stream_;
  net::TaskGroup& group_;
  bool chunked_;
  std::chrono::milliseconds write_timeout_;
  bool gone_ = false;
  std::function<void()> call_;
};

/// What one connection's two coroutines share: the one that answers, and the one that watches for the client
/// to leave while an answer streams.
struct Connection {
  Connection(std::unique_ptr<net::Stream> s, Service v)
      : stream(std::move(s)), service(v), reader(*stream, v.options.read) {}

  std::unique_ptr<net::Stream> stream;
  Service service;
  RequestReader reader;
};

/// Ends when the client closes, sends more than the buffer holds, or the connection is closed by us.
Task<> watch(std::shared_ptr<Connection> connection, std::shared_ptr<ChunkedStream> out) {
  for (;;) {
    const auto room = connection->reader.buffer().prepare(1024);
    if (room.empty()) break;
    const auto step = connection->stream->try_read(room);
    if (step.status == net::IoStatus::done) {
      connection->reader.buffer().commit(step.bytes);
      continue;
    }
    if (step.status != net::IoStatus::want_read && step.status != net::IoStatus::want_write) break;
    auto ready =
        co_await connection->stream->wait(step.status);  // ends when the connection is closed, if not before
    if (!ready) break;
  }
  out->mark_gone();
}

/// However a handler ends: what it wanted called may be gone with it.
struct Forget {
  ChunkedStream& stream;
  ~Forget() { stream.on_gone({}); }
};

Task<> send_stream(std::shared_ptr<Connection> connection, const Response& response, const Request& request) {
  auto& stream = *connection->stream;
  const auto head = head_of(response, std::nullopt, false, request.is_http10);
  stream.set_deadline(Deadline::after(connection->service.options.write));
  auto sent = co_await stream.write(head);
  stream.set_deadline(Deadline::never());
  if (!sent || request.method == "HEAD") co_return;
  const auto out = std::make_shared<ChunkedStream>(stream, connection->service, !request.is_http10);
  if (!connection->service.group.spawn(watch(connection, out))) co_return;
  {
    const Forget forget{*out};
    co_await response.stream(out);
  }
  if (!out->gone() && !request.is_http10) {
    stream.set_deadline(Deadline::after(connection->service.options.write));
    co_await stream.write("0\r\n\r\n");
  }
  out->mark_gone();
}

/// The handler's answer; 500 for what it throws.
Task<Response> call(const Handler& handler, Request request) {
  const auto path = request.path;
  try {
    auto answered = co_await handler(std::move(request));
    co_return answered;
  } catch (const std::exception& error) {
    log::error("handler_failed", {{"path", path}, {"error", error.what()}});
  }
  co_return error_response(500, "internal", "the request could not be answered; the service's log says why");
}

/// True when the connection may serve another request.
Task<bool> answer(std::shared_ptr<Connection> connection, Request request, bool is_last) {
  const auto& options = connection->service.options;
  auto match = connection->service.router.match(request);
  Request echo;  // what the answer's form depends on; the rest goes to the handler
  echo.method = request.method;
  echo.is_http10 = request.is_http10;
  const bool keep_alive = request.keep_alive && !is_last;
  if (!match.handler) {
    auto refused = co_await send(*connection->stream, match.refusal, &echo, keep_alive, options);
    co_return refused&& keep_alive;
  }
  connection->stream->set_deadline(Deadline::never());  // a handler has deadlines of its own
  auto response = co_await call(*match.handler, std::move(request));
  if (response.stream) {
    co_await send_stream(connection, response, echo);
    co_return false;
  }
  auto sent = co_await send(*connection->stream, response, &echo, keep_alive, options);
  co_return sent&& keep_alive;
}

}  // namespace

Task<> serve_connection(std::unique_ptr<net::Stream> stream, Service service) {
  const auto connection = std::make_shared<Connection>(std::move(stream), service);
  auto& wire = *connection->stream;
  for (std::size_t served = 1; !service.group.cancelled(); ++served) {
    wire.set_deadline(Deadline::after(service.options.idle));
    auto request = co_await connection->reader.next();
    if (!request) {
      if (!request.error().answer) break;
      const auto refusal = std::move(*request.error().answer);
      co_await send(wire, refusal, nullptr, false, service.options);
      co_await linger(wire);
      co_return;
    }
    auto again = co_await answer(connection, std::move(*request), served >= service.options.requests);
    if (!again) break;
  }
  wire.shutdown();
  wire.close();
}

Task<> refuse_connection(std::unique_ptr<net::Stream> stream, Service service) {
  const auto full = error_response(503, "limit", "too many connections are open; try again");
  co_await send(*stream, full, nullptr, false, service.options);
  co_await linger(*stream);
}

}  // namespace sluice::http
