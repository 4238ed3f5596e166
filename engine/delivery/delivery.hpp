// Delivery as a whole: takes what the queue feeds, asks for permission, routes, sends, records.
#pragma once

#include <future>
#include <memory>
#include <vector>

#include "engine/delivery/worker.hpp"
#include "engine/net/tls.hpp"

namespace sluice::delivery {

/// The parts delivery needs and does not own; all outlive it.
struct Parts {
  const Clock& clock;
  queue::Queue& queue;
  dns::Router& router;
  throttle::PolicySet& policies;
  ContentStore& contents;
  const message::DkimSigner& signer;
};

class Delivery {
 public:
  /// Fails on options that name unknown sources, or TLS files that cannot be read.
  [[nodiscard]] static Expected<std::unique_ptr<Delivery>> make(Options options, const Parts& parts,
                                                                const net::TlsClientOptions& tls);
  ~Delivery();

  /// The queue's run receivers, one a worker: for Queue::start(), before start().
  [[nodiscard]] std::vector<queue::RunReceiver*> receivers();
  void start();
  /// Before Queue::stop(): what is under way ends, is settled or released.
  void stop();
  /// State of every site with lanes or connections. Blocks for one turn of each worker's loop.
  [[nodiscard]] std::vector<SiteStats> inspect();
  /// Records that may be in doubt after a crash, for each path that sends.
  [[nodiscard]] std::size_t doubt_bound_per_path() const {
    return kRunsUnsettled * shared_->options.lease_run;
  }

 private:
  Delivery() = default;

  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  bool running_ = false;
};

}  // namespace sluice::delivery
