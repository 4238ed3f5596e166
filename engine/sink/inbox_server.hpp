// The inbox's pages over HTTP, on a thread of their own: receiving does not wait for them.
//
// Mail is personal data and there is no log-in: listen on a loopback address. Requests that name us by
// anything but an address or "localhost" are refused, so that a web page whose name was pointed here reads
// nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/http/server.hpp"
#include "engine/net/worker.hpp"
#include "engine/sink/inbox.hpp"

namespace sluice::sink {

class InboxServer {
 public:
  /// Bound when it returns. `inbox` must outlive it. Errors: those of binding `listen`.
  [[nodiscard]] static Expected<std::unique_ptr<InboxServer>> start(const Inbox& inbox,
                                                                    const net::Endpoint& listen);
  /// Ends every connection and the thread.
  ~InboxServer();

  [[nodiscard]] const net::Endpoint& address() const { return address_; }

 private:
  explicit InboxServer(const Inbox& inbox);

  net::Worker worker_{"sink-inbox"};
  net::TaskGroup ends_;
  std::unique_ptr<http::Server> server_;
  net::Endpoint address_;
};

/// GET /, /message/{number}, …/html, …/source and /v1/messages, /v1/messages/{number}.
[[nodiscard]] http::Router inbox_router(const Inbox& inbox);
/// "127.0.0.1:8030", "[::1]:8030", "localhost": an address, with or without a port.
[[nodiscard]] bool is_own_host(std::string_view host);

}  // namespace sluice::sink
