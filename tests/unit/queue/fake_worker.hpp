// A worker without a wire: takes what the feeder gives, leases it, and settles it as its `outcome` says, at
// once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "queue/queue.hpp"
#include "queue/site_queue.hpp"
#include "queue/worker_lanes.hpp"

namespace sluice::queue {

class FakeWorker final : public RunReceiver {
 public:
  /// Called on the worker's thread for each leased record, in order; fills kind, trail, due; event is made by
  /// settle().
  using Outcome = std::function<void(const Record&, Settlement&)>;
  /// Until when the lane is blocked; in the past: it may go. On the worker's thread.
  using Blocked = std::function<Instant(const WorkerLane&)>;

  FakeWorker(Queue& queue, const Clock& clock, Outcome outcome, std::size_t run = 64,
             std::size_t runs_ahead = 2)
      : queue_(queue), clock_(clock), outcome_(std::move(outcome)), run_(run), runs_ahead_(runs_ahead) {}
  ~FakeWorker() override { stop(); }

  void start() {
    lanes_ = std::make_unique<WorkerLanes>(queue_.feeder());
    thread_ = std::thread([this] { loop(); });
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void on_runs(std::vector<Run> runs) override {
    post([this, runs = std::move(runs)]() mutable {
      for (auto& run : runs) enqueue(lanes_->add(std::move(run)));
    });
  }
  void on_stream_changed(StreamPtr stream) override {
    post([this, stream = std::move(stream)] {
      const auto seen = lanes_->changes();
      if (stream->may_send(clock_.now())) return;
      lanes_->for_each([&](WorkerLane& lane) {
        if (lane.stream != stream) return;
        site_.remove(lane);
        lanes_->give_back(lane, Instant::max(), seen);
      });
    });
  }
  /// Lease runs it asks for at once, from now on; 0: it reads and waits.
  void set_runs_ahead(std::size_t runs) {
    post([this, runs] { runs_ahead_ = runs; });
  }
  /// Lanes that are blocked go back to the store until then. Before start().
  void set_blocked(Blocked blocked) { blocked_ = std::move(blocked); }
  /// Records handed to outcome() so far.
  [[nodiscard]] std::uint64_t attempts() const { return attempts_.load(); }

 private:
  struct Gate final : LaneGate {
    WorkerLane* last = nullptr;
    std::vector<WorkerLane*> touched;
    Answer ask(WorkerLane& lane) override {
      if (last != &lane) touched.push_back(&lane);
      last = &lane;
      return Answer::take;
    }
  };

  void post(std::function<void()> fn) {
    {
      const std::lock_guard lock(mutex_);
      inbox_.push_back(std::move(fn));
    }
    wake_.notify_one();
  }

  void loop() {
    for (;;) {
      std::deque<std::function<void()>> taken;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !inbox_.empty(); });
        if (stopping_) return;
        taken.swap(inbox_);
      }
      for (auto& fn : taken) fn();
      while (open_runs_ < runs_ahead_ && !site_.empty()) lease_some();
    }
  }

  void lease_some() {
    std::vector<Held> run;
    Gate gate;
    site_.take(run_, gate, run);
    std::sort(gate.touched.begin(), gate.touched.end());
    gate.touched.erase(std::unique(gate.touched.begin(), gate.touched.end()), gate.touched.end());
    for (auto* lane : gate.touched) lanes_->after_take(*lane);
    if (run.empty()) return;
    ++open_runs_;
    auto leased = [this](const Expected<>& result, std::vector<Held> granted, std::vector<Held> refused) {
      if (!result) return;
      post([this, granted = std::move(granted), refused = std::move(refused)]() mutable {
        for (auto at = refused.rbegin(); at != refused.rend(); ++at) enqueue(lanes_->put_back(*at));
        attempt(std::move(granted));
      });
    };
    queue_.lease(std::move(run), std::move(leased));
  }

  void enqueue(WorkerLane& lane) {
    const auto seen = lanes_->changes();
    const auto now = clock_.now();
    const bool asleep = !lane.stream->may_send(now);
    const auto until = asleep ? Instant::max() : blocked_ ? blocked_(lane) : now;
    if (until <= now) return site_.add(lane);
    site_.remove(lane);
    lanes_->give_back(lane, until, seen);
  }

  void attempt(std::vector<Held> leased) {
    --open_runs_;
    std::vector<Settlement> settlements;
    for (auto& held : leased) {
      Settlement settlement;
      settlement.held = std::move(held);
      settlement.trail = settlement.held.record().value.trail;
      settlement.time_ms = to_ms(clock_.now());
      outcome_(settlement.held.record(), settlement);
      Event event;
      event.kind = settlement.kind;
      event.time_ms = settlement.time_ms;
      event.stream = settlement.held.record().key.stream;
      event.id = settlement.held.record().id(0);
      const auto recipient = settlement.held.record().address();
      event.recipient = recipient;
      event.attempts = settlement.trail.attempts;
      event.append_to(settlement.event);
      settlements.push_back(std::move(settlement));
      ++attempts_;
    }
    queue_.settle(std::move(settlements));
  }

  Queue& queue_;
  const Clock& clock_;
  const Outcome outcome_;
  Blocked blocked_;
  const std::size_t run_;
  std::size_t runs_ahead_;
  std::unique_ptr<WorkerLanes> lanes_;
  SiteQueue site_;
  std::size_t open_runs_ = 0;
  std::atomic<std::uint64_t> attempts_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> inbox_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::queue
