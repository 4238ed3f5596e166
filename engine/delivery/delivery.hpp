// Delivery as a whole: takes what the queue feeds, asks for permission, routes, sends, records.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "engine/delivery/worker.hpp"
#include "engine/net/tls.hpp"

namespace sluice::delivery {

/// The parts delivery needs and does not own; all outlive it.
struct Parts {
  const Clock& clock;
  queue::Queue& queue;
  Routes& routes;
  Network& network;
  throttle::PolicySet& policies;
  ContentStore& contents;
  const message::DkimSigner& signer;
  Probe* probe = nullptr;                  ///< see probe.hpp
  std::optional<std::uint64_t> seed = {};  ///< of every choice made at random; absent: a new one each start
  LocalOpening local_opening{};            ///< empty: no stream has local windows
  shaping::Engine* shaping = nullptr;      ///< this and below: see Shared
  shaping::BrokenTls* broken_tls = nullptr;
  shaping::Canary* canary = nullptr;
  queue::ThrottleRows* throttle_rows = nullptr;   ///< null: quotas are not kept across a restart
  const suppression::Book* suppressed = nullptr;  ///< null: nobody is
  metrics::Registry* registry = nullptr;          ///< null: nothing is counted (meter.hpp)
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
  /// In place of start(), for the simulation: no threads. The caller steps worker() and stops each by itself.
  void drive();
  [[nodiscard]] std::size_t workers() const { return workers_.size(); }
  [[nodiscard]] Worker& worker(std::size_t number) { return *workers_[number]; }
  /// Before Queue::stop(): what is under way ends, is settled or released.
  void stop();
  /// Leasing may go on after DiskState held it back. Any thread, between start() and stop().
  void wake();
  [[nodiscard]] const Options& options() const { return shared_->options; }
  /// Suspensions of sources; warm-up. Between make() and the end of the queue.
  [[nodiscard]] SourceBook& sources() { return *shared_->sources; }
  [[nodiscard]] WarmupBook& warmups() { return *shared_->warmups; }
  /// State of every site with lanes or connections. Blocks for one turn of each worker's loop.
  [[nodiscard]] std::vector<SiteStats> inspect();
  /// What holds back the mail asked for, site by site. Blocks as inspect().
  [[nodiscard]] std::vector<SiteExplanation> explain(const ExplainQuery& query);
  /// Records that may be in doubt after a crash, for each path that sends.
  [[nodiscard]] std::size_t doubt_bound_per_path() const {
    return kRunsUnsettled * shared_->options.lease_run;
  }

 private:
  Delivery() = default;
  Expected<> open_books();

  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  bool running_ = false;
};

}  // namespace sluice::delivery
