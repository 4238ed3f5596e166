// What happened to recipients, counted from the event feed as it leaves the exporter: the numbers of /metrics
// and the lines of events/*.jsonl cannot differ. Nothing of it costs a worker anything.
//
// The exporter's thread. Counts begin at 0 with each start of the service, as counters of Prometheus do; an
// event written before a crash and exported after it is counted by the process that exports it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "metrics/registry.hpp"
#include "queue/event.hpp"

namespace sluice::control {

class FeedMeter {
 public:
  /// `shard` is this object's alone.
  explicit FeedMeter(metrics::Shard& shard);

  /// `seq` must be the last one plus one, or numbers are missing: sluice_events_dropped_total.
  void on_event(std::uint64_t seq, const queue::Event& event);

 private:
  static constexpr std::size_t kMaxCached = 20'000;  ///< cells looked up; beyond it they are looked up anew

  void accepted(const queue::Event& event);
  void attempted(const queue::Event& event, std::string_view result);
  void delivered(const queue::Event& event);
  void count(const metrics::Family& family, metrics::Values values, double n = 1);
  [[nodiscard]] const std::string& key_of(const metrics::Family& family, metrics::Values values);

  metrics::Shard& shard_;
  metrics::Cell& dropped_;
  std::uint64_t last_seq_ = 0;
  std::string key_;  ///< of the last look-up
  std::unordered_map<std::string, metrics::Cell*> cells_;
  std::unordered_map<std::string, metrics::HistogramCell*> times_;
};

}  // namespace sluice::control
