#include "engine/smtp/server_listener.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/log.hpp"
#include "engine/smtp/server_reply.hpp"

namespace sluice::smtp {

namespace {
constexpr std::chrono::seconds kSweepEvery{1};
constexpr std::chrono::milliseconds kAcceptPause{100};  // out of descriptors: let some come free
}  // namespace

Expected<std::unique_ptr<ServerListener>> ServerListener::start(net::asio::io_context& context,
                                                                ServerListenerOptions options,
                                                                MakeServerHandler make_handler,
                                                                const net::TlsServerContext* tls) {
  if (options.addresses.empty()) return fail(ErrorCode::invalid_input, "an SMTP listener needs an address");
  if (options.server.starttls && tls == nullptr) {
    return fail(ErrorCode::invalid_input, "STARTTLS needs a certificate");
  }
  std::unique_ptr<ServerListener> made(
      new ServerListener(context, std::move(options), std::move(make_handler), tls));
  const net::ListenerOptions how{.reuse_port = made->options_.reuse_port};
  for (const auto& address : made->options_.addresses) {
    auto bound = net::Listener::bind(context, address, how);
    if (!bound) return std::unexpected(std::move(bound.error()));
    made->listeners_.push_back(std::move(*bound));
  }
  bool spawned = made->tasks_.spawn(made->sweep());
  for (auto& listener : made->listeners_) spawned = made->tasks_.spawn(made->accept(listener)) && spawned;
  if (!spawned) return fail(ErrorCode::limit, "too many listening addresses");
  return made;
}

ServerListener::ServerListener(net::asio::io_context& context, ServerListenerOptions options,
                               MakeServerHandler make_handler, const net::TlsServerContext* tls)
    : options_(std::move(options)),
      make_handler_(std::move(make_handler)),
      tls_(tls),
      sweep_timer_(context),
      drain_timer_(context),
      tasks_(context,
             {.name = "smtp_server", .max_tasks = options_.max_connections + options_.addresses.size() + 1}) {
}

std::vector<net::Endpoint> ServerListener::endpoints() const {
  std::vector<net::Endpoint> out;
  for (const auto& listener : listeners_) out.push_back(listener.endpoint());
  return out;
}

net::Task<> ServerListener::accept(net::Listener& listener) {
  net::asio::steady_timer pause(sweep_timer_.get_executor());
  while (!draining_) {
    auto stream = co_await listener.accept();
    if (draining_) break;
    if (stream) {
      welcome(std::move(*stream));
      continue;
    }
    if (stream.error().code != ErrorCode::limit) break;
    log::warn("smtp_accept_paused", {{"reason", stream.error().text}});
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(net::kTuple);
  }
}

/// Takes a slot for the connection or turns it away. The slot is taken before the session's task runs: a
/// burst of connections is accepted before any session has.
void ServerListener::welcome(net::Stream stream) {
  ++accepted_;
  if (open_ < options_.max_connections) {
    Slot slot(&open_);
    most_connections_ = std::max(most_connections_, open_);
    if (!tasks_.spawn(serve(std::move(stream), std::move(slot)))) log::warn("smtp_connection_dropped");
    return;
  }
  ++refused_;
  std::string text;
  append_reply(text, {421, {4, 3, 2}, options_.server.hostname + " Too many connections, try again later"});
  const std::string_view bytes = text;
  net::WriteCursor cursor(std::span(&bytes, 1));
  (void)stream.try_write(cursor);
  stream.shutdown();
}

net::Task<> ServerListener::serve(net::Stream stream, Slot slot) {
  const auto held = std::move(slot);
  const auto peer = peer_of(stream);
  ServerSession session(options_.server, std::move(stream), make_handler_(peer), tls_);
  sessions_.insert(&session);
  if (draining_) session.drain();
  co_await session.run();
  sessions_.erase(&session);
}

net::Task<> ServerListener::sweep() {
  while (!draining_) {
    sweep_timer_.expires_after(kSweepEvery);
    co_await sweep_timer_.async_wait(net::kTuple);
    const auto now = net::Deadline::Clock::now();
    for (auto* session : sessions_) session->expire(now);
  }
}

net::Task<> ServerListener::drain(net::Deadline deadline) {
  draining_ = true;
  for (auto& listener : listeners_) listener.close();
  sweep_timer_.cancel();
  for (auto* session : sessions_) session->drain();
  // Shared with the timer's handler, which may run once more after we are gone.
  const auto waiting = std::make_shared<bool>(true);
  if (!deadline.is_never()) {
    drain_timer_.expires_at(deadline.time());
    drain_timer_.async_wait([this, waiting](const boost::system::error_code& error) {
      if (!error && *waiting) tasks_.cancel();
    });
  }
  co_await tasks_.join();
  *waiting = false;
  drain_timer_.cancel();
}

}  // namespace sluice::smtp
