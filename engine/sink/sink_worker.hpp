// One thread of the sink: a listener for each address, and the domain counts of what came in on it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/net/worker.hpp"
#include "engine/sink/sink_handler.hpp"
#include "engine/smtp/server_listener.hpp"

namespace sluice::sink {

/// One of the sink's addresses as bound, its site, and how its server speaks.
struct Door {
  net::Endpoint endpoint;
  Site& site;
  smtp::ServerOptions server;
};

struct SinkWorkerOptions {
  std::string name = "sink";
  std::size_t max_connections = 10'000;
  std::size_t max_domains = 100'000;
  bool reuse_port = false;
};

class SinkWorker {
 public:
  explicit SinkWorker(const SinkWorkerOptions& options);
  /// Stops if that was not done.
  ~SinkWorker();

  /// Binds every door (port 0 becomes the real one in `doors`), then starts the thread. All arguments outlive
  /// us.
  [[nodiscard]] Expected<> start(std::span<Door> doors, Ledger* ledger, Samples& samples, Inbox& inbox,
                                 const net::TlsServerContext* tls);
  /// Runs `tick` on the worker every second until stop(). After start().
  void every_second(std::function<void()> tick);
  /// Drains for at most `limit`, ends the thread. Idempotent.
  void stop(std::chrono::milliseconds limit);

  /// Any thread.
  [[nodiscard]] Guarded<DomainTable>& domains() { return domains_; }

 private:
  net::Task<> run_ticks(std::function<void()> tick);

  SinkWorkerOptions options_;
  Guarded<DomainTable> domains_;
  net::Worker worker_;
  net::TaskGroup drains_;
  net::TaskGroup ticks_;
  std::vector<std::unique_ptr<smtp::ServerListener>> listeners_;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace sluice::sink
