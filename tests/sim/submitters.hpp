// Who uses the engine: lists and flows that hand recipients in, operators who pause, resume and cancel, the
// sweeper, the exporter that reads the feed. What the engine reports to them goes into the model.
#pragma once

#include <vector>

#include "queue/queue.hpp"
#include "tests/sim/fairness.hpp"
#include "tests/sim/model.hpp"
#include "tests/sim/scenario.hpp"

namespace sluice::sim {

class Submitters {
 public:
  Submitters(World& world, Scenario& scenario, Model& model, Fairness& fairness)
      : world_(world), scenario_(scenario), model_(model), fairness_(fairness) {}

  /// A queue was opened: what it knows must agree with the model, and the model learns which reports were
  /// lost.
  void adopt(queue::Queue& queue, const Clock& clock);
  /// Between two engines.
  void leave() { queue_ = nullptr; }

  void make_stream();
  /// Hands in some recipients of one stream, when there is room in the backlog.
  void inject();
  /// One thing an operator does. Blocks for a commit: only while the disk takes writes.
  void operate();
  void sweep();
  /// Reads the feed up to what is committed; trims it now and then.
  void read_feed();
  /// No new streams and rows; everything runs.
  void calm();
  /// Every recipient is final.
  [[nodiscard]] bool finished() const;
  /// Compares counters with what the feed said.
  void check_counters();
  /// The records in the store are those of the recipients without a final; once each.
  void check_store() const;
  /// The first recipient without a final that no doubt holds back, for a person; empty: none.
  [[nodiscard]] std::string starving() const;
  [[nodiscard]] std::uint64_t waiting() const;
  [[nodiscard]] std::size_t domain_of(StreamId stream, Row row) const;

 private:
  void set_state(const queue::StreamPtr& stream, queue::StreamState to);
  [[nodiscard]] queue::StreamPtr any_stream(queue::StreamState state);
  void adopt_stream(const queue::StreamPtr& stream);
  void adopt_progress(const queue::StreamPtr& stream);
  void fill(queue::Injection& injection, StreamTruth& truth, std::uint64_t rows);

  World& world_;
  Scenario& scenario_;
  Model& model_;
  Fairness& fairness_;
  queue::Queue* queue_ = nullptr;
  const Clock* clock_ = nullptr;
  std::uint64_t life_ = 0;  ///< of engines: callbacks of an earlier one are none of this one's
  std::uint64_t trimmed_ = 0;
  std::uint64_t made_ = 0;
  bool calm_ = false;
};

}  // namespace sluice::sim
