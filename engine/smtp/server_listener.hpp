// Accepts SMTP connections on several addresses and runs a session for each, up to a cap; drains on shutdown.
//
// One thread: that of the io_context. Connections beyond the cap hear 421 4.3.2 and are closed.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/net/listener.hpp"
#include "engine/net/task_group.hpp"
#include "engine/smtp/server_session.hpp"

namespace sluice::smtp {

struct ServerListenerOptions {
  ServerOptions server = {};
  std::vector<net::Endpoint> addresses = {};  ///< port 0: any free one, see endpoints()
  std::size_t max_connections = 1000;         ///< open at once on all addresses; beyond: 421 4.3.2; 1-100,000
  bool reuse_port = false;                    ///< several listeners, one a thread, share the addresses
};

class ServerListener {
 public:
  /// Binds all addresses and starts to accept. Fails, with nothing left bound, when one cannot be bound.
  /// `tls` may be null where TLS is not offered; it and what `make_handler` refers to must outlive the
  /// listener.
  [[nodiscard]] static Expected<std::unique_ptr<ServerListener>> start(
      net::asio::io_context& context, ServerListenerOptions options, MakeServerHandler make_handler,
      const net::TlsServerContext* tls = nullptr);

  /// As bound, in the order of options.addresses.
  [[nodiscard]] std::vector<net::Endpoint> endpoints() const;
  [[nodiscard]] std::size_t connections() const { return open_; }
  [[nodiscard]] std::size_t most_connections() const { return most_connections_; }
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  /// Turned away at the cap.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

  /// Stops accepting, lets messages in progress end, then cuts off what is left at the deadline. The listener
  /// may be destroyed only after this has returned. Once.
  net::Task<> drain(net::Deadline deadline);

 private:
  /// One of max_connections, given back when destroyed.
  class Slot {
   public:
    explicit Slot(std::size_t* open) : open_(open) { ++*open; }
    Slot(Slot&& other) noexcept : open_(std::exchange(other.open_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (open_ != nullptr) --*open_;
    }

   private:
    std::size_t* open_;
  };

  ServerListener(net::asio::io_context& context, ServerListenerOptions options,
                 MakeServerHandler make_handler, const net::TlsServerContext* tls);
  net::Task<> accept(net::Listener& listener);
  net::Task<> serve(net::Stream stream, Slot slot);
  net::Task<> sweep();
  void welcome(net::Stream stream);

  ServerListenerOptions options_;
  MakeServerHandler make_handler_;
  const net::TlsServerContext* tls_;
  std::vector<net::Listener> listeners_;
  std::unordered_set<ServerSession*> sessions_;  // each alive in its serve()
  net::asio::steady_timer sweep_timer_;
  net::asio::steady_timer drain_timer_;
  std::size_t open_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  std::size_t most_connections_ = 0;
  bool draining_ = false;
  net::TaskGroup tasks_;  // last: its tasks use all of the above
};

}  // namespace sluice::smtp
