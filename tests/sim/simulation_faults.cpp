// What goes wrong in a run, and its end.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/sim/simulation.hpp"

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

constexpr Micros kSettledIn = 30min;  ///< after the load: what no doubt holds back has been settled by then
constexpr Micros kDrainedIn = 6h;     ///< and what one holds back has expired

}  // namespace

void Simulation::strike(Fault fault) {
  switch (fault) {
    case Fault::crash:
      disk_->cut_now();
      return crash();
    case Fault::crash_in_commit:
      commits_to_cut_ = static_cast<unsigned>(world_.random.below(21));
      if (commits_to_cut_ == 0) cut_next_commit();  // an operator's, perhaps
      return;
    case Fault::stop:
      if (!quiet_disk()) return strike(Fault::crash);
      world_.note("stop");
      ++report_.stops;
      return engine_->begin_stop();
    case Fault::full:
      return fill_disk();
    case Fault::reload:
      return reload_policies();
    case Fault::outage: {
      auto& site = scenario_.sites[world_.random.below(scenario_.sites.size())];
      site.down_until = world_.now + world_.wait_between(1s, 30s);
      return world_.note("outage", scenario_.site_of(site.name));
    }
  }
}

void Simulation::cut_next_commit() {
  constexpr Torn kinds[] = {Torn::nothing, Torn::half, Torn::all};
  disk_->cut_at_sync(kinds[world_.random.below(3)]);
}

void Simulation::fill_disk() {
  if (disk_->full()) return;
  world_.note("full");
  ++report_.full;
  disk_->set_full(true);
  world_.after(world_.wait_between(500ms, 15s), [this, life = life_] {
    if (life != life_) return;
    world_.note("room");
    disk_->set_full(false);
  });
}

/// A policy that limits messages only is withdrawn, or one comes back.
void Simulation::reload_policies() {
  auto& policies = scenario_.policies;
  if (!withdrawn_.empty() && world_.chance(0.5)) {
    policies.push_back(std::move(withdrawn_.back()));
    withdrawn_.pop_back();
  } else {
    const auto at = policies.begin() + static_cast<std::ptrdiff_t>(world_.random.below(policies.size()));
    if (at->connections || at->connection_rate) return;
    limits_.forget(at->name);
    withdrawn_.push_back(std::move(*at));
    policies.erase(at);
  }
  world_.note("reload", policies.size());
  engine_->reload();
}

void Simulation::crash() {
  world_.note("crash", ++report_.crashes);
  disk_->cut_now();
  engine_->take_apart();
  submitters_.leave();
  engine_.reset();
  disk_->power_on();
  sleepers_.reopen();
  world_.now += world_.wait_between(10ms, 20s);
  step_clock();
  start_engine();
}

void Simulation::finish_stop() {
  if (engine_->step()) return;  // the last handlers of the loops
  submitters_.read_feed();
  model_.check_none_under_way("after a clean stop");
  world_.note("stopped");
  submitters_.leave();
  engine_.reset();
  world_.now += world_.wait_between(10ms, 20s);
  step_clock();
  start_engine();
  if (engine_->queue().recovery().in_doubt != 0) world_.trace.fail("a clean stop left attempts in doubt");
}

/// The first two restarts step the clock forward and back; later ones some times.
void Simulation::step_clock() {
  const bool must = report_.clock_steps < 2;
  if (!must && !world_.chance(0.4)) return;
  const auto by = world_.wait_between(1s, 20min);
  const bool back = must ? report_.clock_steps == 1 : world_.chance(0.5);
  ++report_.clock_steps;
  skew_ += back ? -by : by;
  if (back) stepped_back_ += by;
  world_.note("clock", back ? 1 : 0, static_cast<std::uint64_t>(by.count()));
}

void Simulation::start_engine() {
  ++life_;
  commit_planned_ = false;
  feed_at_ = Instant::max();
  commits_to_cut_ = 0;
  limits_.reset();
  names_.forget();
  engine_ = std::make_unique<Engine>(
      Surroundings{world_, scenario_, *disk_, env_, names_, receivers_, fairness_}, skew_);
  receivers_.set_streams(&engine_->queue().streams());
  fairness_.reset(&engine_->queue().streams());
  submitters_.adopt(engine_->queue(), engine_->clock());
  world_.note("start", engine_->queue().recovery().in_doubt, engine_->queue().recovery().queued);
  engine_->run();
  adopt_sources();
  plan_feed(world_.now);
}

/// An operator suspends a source, everywhere or at a provider, or resumes one.
void Simulation::change_sources() {
  auto& book = engine_->delivery().sources();
  const auto now = engine_->clock().now();
  const auto all = book.suspensions();
  if (!all.empty() && world_.chance(0.6)) {
    const auto& one = all[world_.random.below(all.size())];
    limits_.suspend(one.source, one.provider, false);
    world_.note("resume");
    if (!book.resume(one.source, one.provider, "operator", now)) sources_unsure_ = true;
    return;
  }
  const auto& sources = scenario_.delivery.sources;
  delivery::Suspension one;
  one.source = sources[world_.random.below(sources.size())].name;
  one.provider = world_.chance(0.5) ? "giants" : "";
  one.by = "operator";
  world_.note("suspend");
  if (!book.suspend(one, now)) sources_unsure_ = true;  // the power was cut in that commit
  // In force for whoever looks from now on; a path looks before each turn.
  limits_.suspend(one.source, one.provider, true);
}

void Simulation::resume_sources() {
  auto& book = engine_->delivery().sources();
  for (const auto& one : book.suspensions()) {
    limits_.suspend(one.source, one.provider, false);
    if (!book.resume(one.source, one.provider, "operator", engine_->clock().now())) sources_unsure_ = true;
  }
}

/// What operators were told is suspended is so after any crash.
void Simulation::adopt_sources() {
  std::set<std::pair<std::string, std::string>> kept;
  for (const auto& one : engine_->delivery().sources().suspensions()) kept.emplace(one.source, one.provider);
  if (!sources_unsure_ && kept != limits_.suspended())
    world_.trace.fail("the store does not know which sources are suspended");
  sources_unsure_ = false;
  limits_.suspended() = std::move(kept);
  if (calm_) resume_sources();
}

void Simulation::end_load() {
  world_.note("calm");
  resume_sources();
  calm_ = true;
  receivers_.calm();
  names_.calm();
  submitters_.calm();
  const auto settled = kSettledIn + stepped_back_;
  world_.after(settled, [this] {
    const auto who = submitters_.starving();
    if (who.empty()) return;
    engine_->describe();
    world_.trace.fail(who + " starves");
  });
  world_.after(kDrainedIn + stepped_back_, [this] { world_.trace.fail("the run does not come to an end"); });
}

void Simulation::check_end() {
  const auto feed_to = engine_->queue().ledger().committed_seq();
  if (feed_to != model_.last_seq()) world_.trace.fail("the feed was not read to its end");
  submitters_.check_counters();
  submitters_.check_store();
  engine_->begin_stop();
  const auto life = life_;
  while (life_ == life) turn();
}

RunReport Simulation::report() const {
  auto out = report_;
  out.hash = world_.trace.hash();
  out.steps = world_.steps;
  out.compared = fairness_.compared();
  out.time = world_.now - Instant(std::chrono::hours(24 * 365 * 55));
  for (const auto& [id, truth] : const_cast<Simulation*>(this)->model_.streams()) {
    std::set<std::size_t> domains;
    out.recipients += truth.handed;
    for (Row row = 0; row < truth.handed; ++row) {
      out.taken += truth.rows[row].taken;
      out.doubts += truth.rows[row].doubts;
      domains.insert(submitters_.domain_of(id, row));
    }
    out.lanes += domains.size();
  }
  return out;
}

}  // namespace sluice::sim
