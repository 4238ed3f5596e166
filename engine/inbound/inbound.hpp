// The doors for what comes back, [bounce] listen, [bounce] maildir and [public] listen, on one thread of
// their own: the world reaches neither control nor the submission doors through them.
//
// Owner: start() when the queue runs, stop() before the queue stops.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "engine/inbound/drop_folder.hpp"
#include "engine/inbound/intake.hpp"
#include "engine/inbound/language.hpp"
#include "engine/inbound/meter.hpp"
#include "engine/inbound/options.hpp"
#include "engine/inbound/returns.hpp"
#include "engine/inbound/token_limit.hpp"
#include "engine/net/task_group.hpp"
#include "engine/net/tls.hpp"
#include "engine/net/worker.hpp"

namespace sluice::smtp {
class ServerListener;  // its headers and the SMTP client's do not go together in one file
}

namespace sluice::inbound {

class Inbound {
 public:
  /// Reads the language files and certificates. `returns` and `registry` (may be null) outlive it.
  [[nodiscard]] static Expected<std::unique_ptr<Inbound>> make(Options options, Returns& returns,
                                                               metrics::Registry* registry = nullptr);
  ~Inbound();

  /// Nothing is left bound on failure.
  [[nodiscard]] Expected<> start();
  /// Messages in progress end, within Options::drain_for. Idempotent.
  void stop();

  /// "127.0.0.1:2526" as bound; "" when it does not listen.
  [[nodiscard]] const std::string& smtp_address() const { return smtp_address_; }
  [[nodiscard]] const std::string& pages_address() const { return pages_address_; }
  /// Of the doors that have one; they live as long as this.
  [[nodiscard]] std::vector<net::TlsServerContext*> certificates() const;

 private:
  Inbound(Options options, Returns& returns, Languages languages, metrics::Registry* registry);
  Expected<> read_certificates();
  Expected<> listen();
  Expected<> listen_for_mail();
  net::Task<> watch();
  net::Task<> close(std::promise<void>* closed);

  const Options options_;
  Returns& returns_;
  const Languages languages_;
  const Intake intake_;
  TokenLimit limit_;
  Meter meter_;
  std::unique_ptr<net::TlsServerContext> smtp_tls_;   ///< null: no STARTTLS
  std::unique_ptr<net::TlsServerContext> pages_tls_;  ///< null: plain HTTP
  std::optional<DropFolder> drop_;
  net::Worker worker_{"inbound"};
  net::TaskGroup tasks_;
  net::TaskGroup watchers_;  ///< of the maildir
  std::unique_ptr<smtp::ServerListener> smtp_;
  std::unique_ptr<http::Server> pages_;
  std::string smtp_address_;
  std::string pages_address_;
  bool running_ = false;
};

}  // namespace sluice::inbound
