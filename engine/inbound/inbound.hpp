// The two doors for what comes back, [bounce] listen and [public] listen, on one thread of their own: the
// world reaches neither control nor the submission doors through them.
//
// Owner: start() when the queue runs, stop() before the queue stops.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "engine/inbound/language.hpp"
#include "engine/inbound/options.hpp"
#include "engine/inbound/returns.hpp"
#include "engine/inbound/token_limit.hpp"
#include "engine/net/task_group.hpp"
#include "engine/net/worker.hpp"

namespace sluice::smtp {
class ServerListener;  // its headers and the SMTP client's do not go together in one file
}

namespace sluice::inbound {

class Inbound {
 public:
  /// Reads the language files. `returns` outlives it.
  [[nodiscard]] static Expected<std::unique_ptr<Inbound>> make(Options options, Returns& returns);
  ~Inbound();

  /// Nothing is left bound on failure.
  [[nodiscard]] Expected<> start();
  /// Messages in progress end, within Options::drain_for. Idempotent.
  void stop();

  /// "127.0.0.1:2526" as bound; "" when it does not listen.
  [[nodiscard]] const std::string& smtp_address() const { return smtp_address_; }
  [[nodiscard]] const std::string& pages_address() const { return pages_address_; }

 private:
  Inbound(Options options, Returns& returns, Languages languages);
  Expected<> listen();
  net::Task<> close(std::promise<void>* closed);

  const Options options_;
  Returns& returns_;
  const Languages languages_;
  TokenLimit limit_;
  net::Worker worker_{"inbound"};
  net::TaskGroup tasks_;
  std::unique_ptr<smtp::ServerListener> smtp_;
  std::unique_ptr<http::Server> pages_;
  std::string smtp_address_;
  std::string pages_address_;
  bool running_ = false;
};

}  // namespace sluice::inbound
