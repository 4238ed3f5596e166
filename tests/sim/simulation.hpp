// A run of one seed: the engine in its surroundings, things that go wrong, and the claims it is held to.
#pragma once

#include <memory>

#include "tests/sim/engine.hpp"
#include "tests/sim/submitters.hpp"

namespace sluice::sim {

struct RunOptions {
  std::uint64_t seed = 1;
  std::uint64_t events = 100'000;  ///< steps under load, before everything is left to end
  bool verbose = false;
  bool lying_disk = false;  ///< the log's syncs are reported and not done: the run has to fail
};

struct RunReport {
  std::uint64_t hash = 0;
  std::uint64_t steps = 0;
  std::uint64_t recipients = 0;
  std::uint64_t taken = 0;
  std::uint64_t doubts = 0;
  std::uint64_t lanes = 0;     ///< pairs of stream and domain that had mail
  std::uint64_t compared = 0;  ///< grants that fairness compared with another's
  unsigned crashes = 0;
  unsigned stops = 0;
  unsigned full = 0;
  unsigned clock_steps = 0;
  Micros time{};
};

class Simulation {
 public:
  explicit Simulation(const RunOptions& options);
  /// Ends the program where a claim does not hold.
  RunReport run();

 private:
  enum class Fault { crash, crash_in_commit, stop, full, outage, reload };

  void plan_faults();
  void turn();
  void look_after();
  void plan_commit();
  void commit();
  void plan_feed(Instant when);
  void feed();
  void every(Micros least, Micros most, std::function<void()> fn);
  [[nodiscard]] bool quiet_disk() const;

  void strike(Fault fault);
  void cut_next_commit();
  void fill_disk();
  void reload_policies();
  void change_sources();
  void resume_sources();
  void adopt_sources();
  void crash();
  void finish_stop();
  void start_engine();
  void step_clock();
  void end_load();
  void check_end();
  [[nodiscard]] RunReport report() const;

  bool sources_unsure_ = false;  ///< a change of theirs was cut off
  const RunOptions options_;
  World world_;
  Scenario scenario_;
  std::shared_ptr<MemoryDisk> disk_;  // shared with the environment
  MemoryEnv env_;
  Sleepers sleepers_;
  Model model_;
  Limits limits_;
  Names names_;
  Receivers receivers_;
  Fairness fairness_;
  Submitters submitters_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t life_ = 0;
  Micros skew_{};
  Micros stepped_back_{};

  std::vector<throttle::PolicyOptions> withdrawn_;       ///< by a reload
  std::vector<std::pair<std::uint64_t, Fault>> faults_;  ///< at which step; the next one last
  bool commit_planned_ = false;
  Instant feed_at_ = Instant::max();
  unsigned idle_feeds_ = 0;
  unsigned commits_to_cut_ = 0;  ///< the power goes in that many commits; 0: not planned
  bool calm_ = false;
  Instant calm_since_{};
  RunReport report_;
};

}  // namespace sluice::sim
