// A small HTTP/1.1 server: one router behind unix and TCP listeners, a coroutine a connection.
//
// Every connection has bounds: header and body size, time for a whole request, time for a write, requests;
// beyond `connections` a client gets 503. Requests of one connection are answered in order, one at a time. A
// handler that throws is our bug: 500, logged by name. One owner thread, that of the io_context; handlers run
// on it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "engine/http/request_reader.hpp"
#include "engine/http/router.hpp"
#include "engine/net/listener.hpp"
#include "engine/net/task_group.hpp"

namespace sluice::http {

struct ServerOptions {
  std::string name = "http";       ///< for the log
  std::size_t connections = 256;   ///< open at once; further ones get 503 and are closed
  std::size_t requests = 100'000;  ///< on one connection; then it is closed
  ReadLimits read;
  std::chrono::milliseconds idle{
      30'000};  ///< for a whole request to arrive, from the answer before; then closed
  std::chrono::milliseconds handshake{10'000};  ///< of TLS, for whoever listens with it; then closed
  std::chrono::milliseconds write{30'000};      ///< for one answer, or one chunk of a stream, to be taken
};

class Server {
 public:
  Server(boost::asio::io_context& context, Router router, ServerOptions options = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// stop() must have ended.
  ~Server();

  /// Accepting starts at once. See UnixListener::bind().
  [[nodiscard]] Expected<> listen_unix(const std::string& path);
  /// Gives the address bound, with the port the system chose for port 0.
  /// `tls` makes it HTTPS, and outlives the server.
  [[nodiscard]] Expected<net::Endpoint> listen_tcp(const net::Endpoint& address,
                                                   const net::TlsServerContext* tls = nullptr);

  /// Closes the listeners, cancels every connection and waits for them. Streams' on_gone() callbacks run.
  Task<> stop();

  [[nodiscard]] std::size_t open_connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the accept and connection coroutines, which stop() waits for
};

}  // namespace sluice::http
