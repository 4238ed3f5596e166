// The service's metrics: where the parts' counts come from, what is sampled at each scrape, and the page.
//
// Made when every part is made and before anything starts. tick(), page() and stalled() on control's thread,
// where the samplers may ask campaigns and desk; a scrape asks nothing of the workers. Bounded cost: see
// QueueDesk::watch for the walk behind the queue's split by provider, kFilesEvery for what looks at files.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "engine/control/thread_probe.hpp"
#include "metrics/registry.hpp"

namespace sluice::control {

class Service;

class Meters {
 public:
  Meters(Service& service, metrics::Registry& registry);

  void tick(Instant now);
  /// What GET /metrics answers.
  [[nodiscard]] std::string page();
  /// A sentence for each thread that has not answered for long.
  [[nodiscard]] std::vector<std::string> stalled() const;
  /// Another configuration is in force. Any thread.
  void config_changed() { generation_.fetch_add(1, std::memory_order_relaxed); }

 private:
  static constexpr std::chrono::seconds kFilesEvery{10};  ///< sizes and ages of files are looked up so often
  static constexpr std::chrono::seconds kStallTold{
      30};                                       ///< a thread silent for so long is a reason not to be ready
  static constexpr std::size_t kMostShown = 20;  ///< campaigns and tenants: those with most queued

  void connect_store();
  void connect_resolver();
  void sample_queue(metrics::Samples& out) const;
  void sample_threads(metrics::Samples& out) const;
  void sample_lookups(metrics::Samples& out) const;
  void sample_store(metrics::Samples& out) const;
  void sample_campaigns(metrics::Samples& out) const;
  void sample_limits(metrics::Samples& out) const;
  void sample_sources(metrics::Samples& out) const;
  void sample_process(metrics::Samples& out) const;
  void sample_keys(metrics::Samples& out) const;
  void look_at_files();

  Service& service_;
  metrics::Registry& registry_;
  ThreadProbe probe_;
  std::atomic<std::uint64_t> generation_{1};
  // Of files, as last looked at:
  Instant next_look_{};
  double log_bytes_ = 0;
  double spool_age_s_ = 0;
  std::vector<std::pair<std::string, double>> certificates_;  ///< file, its end in seconds since 1970
};

}  // namespace sluice::control
