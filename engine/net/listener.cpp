#include "engine/net/listener.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>

namespace sluice::net {

namespace {
std::string text_of(const Endpoint& at) {
  const auto address = at.address().to_string();
  return (at.address().is_v6() ? '[' + address + ']' : address) + ':' + std::to_string(at.port());
}
}  // namespace

Expected<Listener> Listener::bind(asio::io_context& context, const Endpoint& address,
                                  const ListenerOptions& options) {
  Acceptor acceptor(context);
  boost::system::error_code error;
  acceptor.open(address.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && options.reuse_port) {
    const int on = 1;
    if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
      error.assign(errno, boost::system::system_category());
  }
  if (!error && address.protocol() == asio::ip::tcp::v6())
    acceptor.set_option(asio::ip::v6_only(true), error);  // [::] and 0.0.0.0 may both be listened on
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(options.backlog, error);
  if (error) return fail(ErrorCode::conflict, "listening on " + text_of(address) + ": " + error.message());
  return Listener(std::move(acceptor));
}

Task<Expected<Stream>> Listener::accept() {
  for (;;) {
    if (!acceptor_.is_open()) co_return fail(ErrorCode::cancelled, "listener is closed");
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      co_return fail(ErrorCode::cancelled, "accept cancelled");
    Socket socket(acceptor_.get_executor());
    auto [error] = co_await acceptor_.async_accept(socket, kTuple);
    if (!error) co_return Stream(std::move(socket));
    if (error == asio::error::operation_aborted) co_return fail(ErrorCode::cancelled, "accept cancelled");
    if (error == asio::error::connection_aborted) continue;  // the peer left before we came
    co_return fail(ErrorCode::limit, "accepting a connection: " + error.message());
  }
}

void Listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

Endpoint Listener::endpoint() const {
  boost::system::error_code error;
  auto out = acceptor_.local_endpoint(error);
  return error ? Endpoint() : out;
}

}  // namespace sluice::net
