#include "tests/sim/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFirstStreams = 8;
constexpr unsigned kIdleFeeds = 1000;  ///< steps of the feeder that come to nothing and call for another
constexpr auto kRecoversIn = 20s;      ///< real time: RocksDB after a full disk

}  // namespace

Simulation::Simulation(const RunOptions& options)
    : options_(options),
      world_(options.seed, options.verbose),
      scenario_(world_),
      disk_(std::make_shared<MemoryDisk>()),
      env_(disk_),
      sleepers_(world_),
      model_(world_),
      limits_(world_, scenario_),
      names_(world_, scenario_, sleepers_),
      receivers_(world_, scenario_, model_, limits_, sleepers_),
      fairness_(world_, limits_),
      submitters_(world_, scenario_, model_, fairness_) {
  disk_->set_lying(options.lying_disk);
  model_.set_assume_delivered(scenario_.queue.in_doubt == queue::DoubtPolicy::assume_delivered);
  plan_faults();
}

/// Three crashes at least, one full disk, steps of the clock both ways; the rest as it falls.
void Simulation::plan_faults() {
  std::vector<Fault> faults{Fault::crash, Fault::crash_in_commit, Fault::crash_in_commit, Fault::stop,
                            Fault::full};
  for (auto more = world_.random.below(4); more > 0; --more) {
    constexpr Fault kinds[] = {Fault::crash, Fault::crash_in_commit, Fault::stop, Fault::full};
    faults.push_back(kinds[world_.random.below(4)]);
  }
  for (auto outages = world_.between(1, 4); outages > 0; --outages) faults.push_back(Fault::outage);
  for (auto reloads = world_.between(0, 6); reloads > 0; --reloads) faults.push_back(Fault::reload);
  for (const auto fault : faults) faults_.emplace_back(options_.events * world_.between(5, 95) / 100, fault);
  std::sort(faults_.begin(), faults_.end(), std::greater<>());
}

RunReport Simulation::run() {
  start_engine();
  for (std::size_t i = 0; i < kFirstStreams; ++i) submitters_.make_stream();
  every(1ms, 60ms, [this] {
    if (!engine_->stopping()) submitters_.inject();
  });
  every(100ms, 1500ms, [this] {
    if (!calm_ && quiet_disk()) submitters_.operate();
  });
  every(50ms, 300ms, [this] {
    if (quiet_disk()) submitters_.sweep();
  });
  every(1s, 10s, [this] {
    if (!calm_ && quiet_disk()) change_sources();
  });
  every(200ms, 2s, [this] {
    if (!engine_->stopping()) engine_->delivery().warmups().tick(engine_->clock().now());
  });
  every(1s, 3s, [this] { submitters_.check_counters(); });
  while (!calm_ || !submitters_.finished()) turn();
  check_end();
  return report();
}

void Simulation::every(Micros least, Micros most, std::function<void()> fn) {
  // Once the load has ended nothing is in a hurry.
  const auto wait = world_.wait_between(least, most) * (calm_ ? 20 : 1);
  world_.after(wait, [this, least, most, fn = std::move(fn)]() mutable {
    fn();
    every(least, most, std::move(fn));
  });
}

/// An operator's step is answered: it waits for a commit.
bool Simulation::quiet_disk() const {
  return !engine_->stopping() && !disk_->full() && !disk_->dead() && engine_->queue().committer().healthy();
}

void Simulation::turn() {
  const bool due = world_.agenda.next() <= world_.now;
  if (due && world_.chance(0.5)) {
    world_.agenda.run_one();
    ++world_.steps;
  } else if (engine_->step()) {
    ++world_.steps;
    world_.now += Micros(world_.random.below(20));
  } else if (due) {
    world_.agenda.run_one();
    ++world_.steps;
  } else {
    world_.now = std::max(world_.now, std::min(world_.agenda.next(), engine_->next_timer()));
  }
  look_after();
}

void Simulation::look_after() {
  if (disk_->dead()) return crash();
  if (engine_->stopping() && engine_->stopped() && engine_->queue().committer().pending() == 0) finish_stop();
  plan_commit();
  if (engine_->queue().feeder().has_mail()) plan_feed(world_.now + Micros(world_.random.below(600)));
  const bool cut_waits = commits_to_cut_ > 0 || disk_->cut_planned();
  if (!faults_.empty() && world_.steps >= faults_.back().first && !engine_->stopping() && !cut_waits) {
    const auto fault = faults_.back().second;
    faults_.pop_back();
    strike(fault);
  }
  if (calm_ || world_.steps < options_.events) return;
  if (cut_waits) return crash();  // no commit has come for it
  if (faults_.empty() && quiet_disk()) end_load();
}

void Simulation::plan_commit() {
  if (commit_planned_ || engine_->queue().committer().pending() == 0) return;
  commit_planned_ = true;
  const auto wait = world_.chance(0.1) ? world_.wait_between(5ms, 60ms) : world_.wait_between(100us, 5ms);
  world_.after(wait, [this, life = life_] {
    if (life == life_) commit();
  });
}

void Simulation::commit() {
  commit_planned_ = false;
  auto& committer = engine_->queue().committer();
  if (!disk_->full() && commits_to_cut_ > 0 && --commits_to_cut_ == 0) cut_next_commit();
  const bool recovers = !committer.healthy() && !disk_->full();
  bool written = committer.step();
  for (const auto until = std::chrono::steady_clock::now() + kRecoversIn;
       !written && recovers && !disk_->dead();) {
    if (std::chrono::steady_clock::now() > until)
      world_.trace.fail("the store does not recover from a full disk");
    std::this_thread::sleep_for(500us);
    written = committer.step();
  }
  world_.note(written ? "commit" : "no commit", engine_->queue().ledger().committed_seq());
  if (written) return submitters_.read_feed();
  if (disk_->dead()) return;
  if (!disk_->full()) world_.trace.fail("a commit fails though the disk takes writes");
  commit_planned_ = true;
  world_.after(world_.wait_between(900ms, 1100ms), [this, life = life_] {
    if (life == life_) commit();
  });
}

void Simulation::plan_feed(Instant when) {
  if (feed_at_ <= when) return;
  feed_at_ = when;
  world_.agenda.at(when, [this, when, life = life_] {
    if (life == life_ && feed_at_ == when) feed();
  });
}

void Simulation::feed() {
  feed_at_ = Instant::max();
  auto& feeder = engine_->queue().feeder();
  const bool had_mail = feeder.has_mail();
  const auto pages = feeder.stats().pages_read;
  const auto next = feeder.step() - engine_->clock().skew();
  const bool idle = !had_mail && feeder.stats().pages_read == pages;
  idle_feeds_ = idle && next <= world_.now ? idle_feeds_ + 1 : 0;
  if (idle_feeds_ > kIdleFeeds) world_.trace.fail("the feeder spins without anything to do");
  plan_feed(std::max(next, world_.now + world_.wait_between(50us, 500us)));
}

}  // namespace sluice::sim
