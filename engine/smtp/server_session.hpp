// One connection: drives a ServerMachine over a stream and asks its handler. Reads, writes and waits; decides
// nothing.
//
// Threads: all on the stream's. The session ends by itself (QUIT, limits, errors of the peer); drain() and
// expire() end it from outside with a 421 where the protocol allows one.
#pragma once

#include <memory>

#include "engine/net/stream.hpp"
#include "engine/smtp/server_handler.hpp"
#include "engine/smtp/server_machine.hpp"

namespace sluice::smtp {

[[nodiscard]] Peer peer_of(const net::Stream& stream);

class ServerSession {
 public:
  /// `options` and `tls` must outlive the session. `tls` may be null where options.starttls is false.
  ServerSession(const ServerOptions& options, net::Stream stream, std::unique_ptr<ServerHandler> handler,
                const net::TlsServerContext* tls);

  /// Returns when the connection is over. Once.
  net::Task<> run();

  /// No new transaction: an idle session ends now, another one after the message in progress.
  void drain();
  /// Ends the session with 421 4.4.2 when its peer has been waited for beyond the timeouts. For a sweep every
  /// second or so; the stream's own deadline, kGrace later, ends sessions nobody sweeps, without the 421.
  void expire(net::Deadline::Clock::time_point now);

  static constexpr std::chrono::seconds kGrace{10};

  [[nodiscard]] const ServerMachine& machine() const { return machine_; }

 private:
  net::Task<bool> read();
  net::Task<bool> write();
  net::Task<bool> start_tls();
  net::Task<message::Reply> ask(ServerMachine::Step step);
  void interrupt();
  void watch_peer();

  const ServerOptions& options_;
  const net::TlsServerContext* tls_;
  net::Stream stream_;
  ServerMachine machine_;
  std::unique_ptr<ServerHandler> handler_;
  net::Deadline peer_deadline_;
  std::uint64_t wait_number_ = ~std::uint64_t{0};
  bool reading_ = false;
  bool draining_ = false;
};

}  // namespace sluice::smtp
