// A lane's window on the worker that owns its site: records read ahead, in order, not leased yet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queue/run.hpp"

namespace sluice::queue {

/// One owner thread. Stays at its address while it has records.
struct WorkerLane {
  StreamPtr stream;
  Phase phase = Phase::first;
  std::string domain;
  LaneRef ref;                 ///< of the newest run
  std::uint32_t last_run = 0;  ///< highest run number received
  std::uint32_t run_records = 0;
  std::vector<Run> window;       ///< few; `first` and `count` shrink as records are taken
  std::uint64_t records = 0;     ///< in the window
  bool asked = false;            ///< more was asked for since the last run
  bool queued = false;           ///< stands in its SiteQueue; else parked or empty
  std::uint32_t burst = 0;       ///< taken in this turn
  void* owner = nullptr;         ///< the site's object, set by whoever holds the lanes
  WorkerLane* before = nullptr;  ///< these two: in its LaneList
  WorkerLane* after = nullptr;

  /// Empties it for another lane; its buffers are kept.
  void clear() {
    auto kept_domain = std::move(domain);
    auto kept_window = std::move(window);
    kept_domain.clear();
    kept_window.clear();
    *this = WorkerLane();
    domain = std::move(kept_domain);
    window = std::move(kept_window);
  }
  void add(Run run) {
    ref = run.lane;
    last_run = std::max(last_run, run.lane.run);
    run_records = run.count;
    records += run.count;
    asked = false;
    window.push_back(std::move(run));
  }
  /// A record that was taken and got no lease stands first again.
  void put_back(const Held& held) {
    ref = held.lane.run >= ref.run ? held.lane : ref;
    last_run = std::max(last_run, held.lane.run);
    ++records;
    window.insert(window.begin(), Run{held.stream, phase, held.lane, held.page, held.index, 1});
  }
  [[nodiscard]] const Record& front() const { return window.front().page->records()[window.front().first]; }
  /// Precondition: records > 0.
  [[nodiscard]] Held take() {
    auto& run = window.front();
    auto out = run.held(0);
    ++run.first;
    --records;
    if (--run.count == 0) window.erase(window.begin());
    return out;
  }
};

/// Lanes in the order they are served. Each knows its neighbours, so that leaving costs the same wherever it
/// stands.
class LaneList {
 public:
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] WorkerLane& front() const { return *first_; }
  void push_back(WorkerLane& lane) {
    lane.before = last_;
    lane.after = nullptr;
    (last_ == nullptr ? first_ : last_->after) = &lane;
    last_ = &lane;
  }
  /// The lane stands in this list.
  void remove(WorkerLane& lane) {
    (lane.before == nullptr ? first_ : lane.before->after) = lane.after;
    (lane.after == nullptr ? last_ : lane.after->before) = lane.before;
    lane.before = lane.after = nullptr;
  }

 private:
  WorkerLane* first_ = nullptr;
  WorkerLane* last_ = nullptr;
};

}  // namespace sluice::queue
