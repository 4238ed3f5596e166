// Serves one connection from its first request to its close. Part of Server.
#pragma once

#include <memory>

#include "engine/http/server.hpp"

namespace sluice::http {

/// What a connection needs of its server; outlives it.
struct Service {
  const Router& router;
  const ServerOptions& options;
  net::TaskGroup& group;
};

/// Ends when the connection is closed. `service` must outlive the task (the group is joined first).
Task<> serve_connection(std::unique_ptr<net::Stream> stream, Service service);

/// Sends one answer, waits a bounded time for the client to read it, closes.
Task<> refuse_connection(std::unique_ptr<net::Stream> stream, Service service);

}  // namespace sluice::http
