#include "engine/http/server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <list>
#include <utility>

#include "engine/base/log.hpp"
#include "engine/http/connection.hpp"
#include "engine/http/unix_listener.hpp"

namespace sluice::http {
namespace {

constexpr std::size_t kRefusalsAtOnce = 64;             // beyond them a surplus client is cut without a word
constexpr std::chrono::milliseconds kAcceptPause{100};  // when descriptors have run out

/// One of a counted number of places, held from before the coroutine starts until it ends.
class Slot {
 public:
  explicit Slot(std::size_t& taken) : taken_(&taken) { ++taken; }
  Slot(Slot&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (taken_) --*taken_;
  }

 private:
  std::size_t* taken_;
};

}  // namespace

struct Server::State {
  State(boost::asio::io_context& c, Router r, ServerOptions o)
      : context(c),
        router(std::move(r)),
        options(std::move(o)),
        group(c, {options.name, 2 * options.connections + kRefusalsAtOnce + kMaxListeners}) {}

  static constexpr std::size_t kMaxListeners = 16;

  boost::asio::io_context& context;
  Router router;
  ServerOptions options;
  net::TaskGroup group;  // connections, their watchers, refusals, accept loops
  std::list<UnixListener> unix_listeners;
  std::list<net::Listener> tcp_listeners;
  std::size_t open = 0;
  std::size_t refusing = 0;

  [[nodiscard]] Service service() { return {router, options, group}; }

  void take(net::Stream stream, const net::TlsServerContext* tls);
  Task<> serve(std::unique_ptr<net::Stream> stream, const net::TlsServerContext* tls, Slot slot);
  Task<> refuse(std::unique_ptr<net::Stream> stream, Slot slot);
  template <class Listener>
  Task<> accept_loop(Listener& listener, const net::TlsServerContext* tls);
};

Task<> Server::State::serve(std::unique_ptr<net::Stream> stream, const net::TlsServerContext* tls,
                            Slot slot) {
  if (tls != nullptr) {
    const auto secured = co_await stream->start_tls(*tls, net::Deadline::after(options.handshake));
    if (!secured) {
      stream->close();
      co_return;
    }
  }
  co_await serve_connection(std::move(stream), service());
}

Task<> Server::State::refuse(std::unique_ptr<net::Stream> stream, Slot slot) {
  co_await refuse_connection(std::move(stream), service());
}

void Server::State::take(net::Stream accepted, const net::TlsServerContext* tls) {
  auto stream = std::make_unique<net::Stream>(std::move(accepted));
  if (open < options.connections) {
    if (!group.spawn(serve(std::move(stream), tls, Slot(open))))
      log::warn("http_connection_dropped", {{"server", options.name}});
  } else if (tls == nullptr && refusing < kRefusalsAtOnce) {  // a handshake to say no costs too much
    if (!group.spawn(refuse(std::move(stream), Slot(refusing))))
      log::warn("http_connection_dropped", {{"server", options.name}});
  }
}

template <class Listener>
Task<> Server::State::accept_loop(Listener& listener, const net::TlsServerContext* tls) {
  boost::asio::steady_timer pause(context);
  while (!group.cancelled()) {
    auto stream = co_await listener.accept();
    if (stream) {
      take(std::move(*stream), tls);
      continue;
    }
    if (stream.error().code == ErrorCode::cancelled) break;
    log::warn("http_accept_failed", {{"server", options.name}, {"error", stream.error().text}});
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(net::kTuple);
  }
}

Server::Server(boost::asio::io_context& context, Router router, ServerOptions options)
    : state_(std::make_shared<State>(context, std::move(router), std::move(options))) {}

Server::~Server() = default;

Expected<> Server::listen_unix(const std::string& path) {
  if (state_->unix_listeners.size() + state_->tcp_listeners.size() >= State::kMaxListeners) {
    return fail(ErrorCode::limit, "an HTTP server listens on at most 16 addresses");
  }
  auto listener = UnixListener::bind(state_->context, path);
  if (!listener) return std::unexpected(std::move(listener.error()));
  auto& kept = state_->unix_listeners.emplace_back(std::move(*listener));
  if (!state_->group.spawn(state_->accept_loop(kept, nullptr)))
    return fail(ErrorCode::cancelled, "the server is stopping");
  return {};
}

Expected<net::Endpoint> Server::listen_tcp(const net::Endpoint& address, const net::TlsServerContext* tls) {
  if (state_->unix_listeners.size() + state_->tcp_listeners.size() >= State::kMaxListeners) {
    return fail(ErrorCode::limit, "an HTTP server listens on at most 16 addresses");
  }
  auto listener = net::Listener::bind(state_->context, address);
  if (!listener) return std::unexpected(std::move(listener.error()));
  auto& kept = state_->tcp_listeners.emplace_back(std::move(*listener));
  if (!state_->group.spawn(state_->accept_loop(kept, tls)))
    return fail(ErrorCode::cancelled, "the server is stopping");
  return kept.endpoint();
}

Task<> Server::stop() {
  const auto state = state_;
  for (auto& listener : state->unix_listeners) listener.close();
  for (auto& listener : state->tcp_listeners) listener.close();
  state->group.cancel();
  co_await state->group.join();
  state->unix_listeners.clear();
  state->tcp_listeners.clear();
}

std::size_t Server::open_connections() const { return state_->open; }

}  // namespace sluice::http
