// One life of the engine: the product's queue, throttles and delivery on a virtual clock, without threads.
#pragma once

#include <functional>
#include <memory>

#include "engine/delivery/delivery.hpp"
#include "queue/queue.hpp"
#include "tests/sim/fairness.hpp"
#include "tests/sim/memory_disk.hpp"
#include "tests/sim/names.hpp"
#include "tests/sim/receivers.hpp"

namespace sluice::sim {

/// What an engine is connected to; all of it outlives every engine.
struct Surroundings {
  World& world;
  Scenario& scenario;
  MemoryDisk& disk;
  MemoryEnv& env;
  Names& names;
  Receivers& receivers;
  Fairness& fairness;
};

class Engine {
 public:
  /// Opens the store; ends the run when it cannot.
  Engine(const Surroundings& around, Micros skew);
  ~Engine();
  /// Feeds and sends from now on.
  void run();

  /// Runs one handler or timer that is ready; false when none is.
  bool step();
  /// The next timer, in true time.
  [[nodiscard]] Instant next_timer() const;
  /// Nothing new starts; stopped() once everything under way has ended.
  void begin_stop();
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool stopped() const { return to_stop_ == 0; }
  /// The power is off: what runs is ended, and nothing of it matters.
  void take_apart();

  /// The scenario's policies have changed.
  void reload();
  /// What its sites wait for, on standard error: for a run that failed.
  void describe();

  [[nodiscard]] queue::Queue& queue() { return *queue_; }
  [[nodiscard]] delivery::Delivery& delivery() { return *delivery_; }
  [[nodiscard]] const WorldClock& clock() const { return clock_; }

 private:
  const Surroundings around_;
  WorldClock clock_;
  message::DkimSigner signer_;
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<throttle::PolicySet> policies_;
  std::unique_ptr<delivery::ContentStore> contents_;
  std::unique_ptr<delivery::Delivery> delivery_;
  bool stopping_ = false;
  std::size_t to_stop_ = 1;
};

}  // namespace sluice::sim
