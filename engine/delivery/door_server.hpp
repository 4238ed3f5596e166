// All SMTP doors on threads of their own.
//
// Order for the owner: queue started, body store started, then start(); at the end stop(), then the body
// store, then the queue, so that what a client was promised is committed. One owner thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "engine/delivery/door.hpp"
#include "engine/delivery/flows.hpp"

namespace sluice::net {
class TlsServerContext;
}

namespace sluice::delivery {

struct DoorServerOptions {
  std::vector<DoorOptions> doors;
  unsigned threads = 1;                         ///< each listens on every address; 1-64
  std::chrono::milliseconds drain_for{10'000};  ///< on stop: for messages in progress
};

class DoorServer {
 public:
  /// Checks the options and reads the certificates. `flows` and `clock` outlive the server.
  [[nodiscard]] static Expected<std::unique_ptr<DoorServer>> make(DoorServerOptions options, Flows& flows,
                                                                  const Clock& clock);
  ~DoorServer();

  /// Opens the tenants' flows, binds every address and serves. Nothing is left bound on failure. Once.
  [[nodiscard]] Expected<> start();
  /// Accepts nothing new, lets messages in progress end, cuts off what is left after drain_for. Idempotent.
  void stop();

  /// As bound, in the order of options.doors.
  [[nodiscard]] const std::vector<boost::asio::ip::tcp::endpoint>& endpoints() const { return endpoints_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Door>>& doors() const { return doors_; }
  /// Of the doors that have one; they live as long as this.
  [[nodiscard]] std::vector<net::TlsServerContext*> certificates() const;

 private:
  struct Thread;

  DoorServer(DoorServerOptions options, Flows& flows);
  Expected<> listen();

  const DoorServerOptions options_;
  Flows& flows_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints_;
  std::vector<std::unique_ptr<Thread>> threads_;
  struct Certificates;
  std::unique_ptr<Certificates> certificates_;
};

}  // namespace sluice::delivery
