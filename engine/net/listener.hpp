// A listening TCP socket that hands out connected sockets. One owner thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "engine/base/error.hpp"
#include "engine/net/stream.hpp"

namespace sluice::net {

struct ListenerOptions {
  int backlog =
      4096;  ///< connections the kernel holds un-accepted; more are refused by it (net.core.somaxconn)
  bool reuse_port = false;  ///< several workers listen on one address, the kernel spreads connections
};

class Listener {
 public:
  /// Port 0 binds an ephemeral one: endpoint() tells. Fails when the address is taken or not ours.
  [[nodiscard]] static Expected<Listener> bind(asio::io_context& context, const Endpoint& address,
                                               const ListenerOptions& options = {});

  /// The next connection. No deadline: ends by close() or by cancelling the task (ErrorCode::cancelled).
  /// ErrorCode::limit: out of descriptors or memory; the caller must pause before the next accept.
  Task<Expected<Stream>> accept();

  /// A waiting accept() returns ErrorCode::cancelled.
  void close();
  [[nodiscard]] Endpoint endpoint() const;

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
  explicit Listener(Acceptor acceptor) : acceptor_(std::move(acceptor)) {}

  Acceptor acceptor_;
};

}  // namespace sluice::net
