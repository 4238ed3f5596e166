#include "engine/delivery/worker.hpp"

#include <algorithm>
#include <future>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"

namespace sluice::delivery {
namespace {

constexpr std::chrono::seconds kResolveLater{1};  ///< a domain that finds no room to be looked up comes again

}  // namespace

Worker::Worker(Shared& shared, unsigned number, std::unique_ptr<net::TlsClientContext> tls,
               message::DkimSigner signer, Random random)
    : shared_(shared),
      number_(number),
      loop_("delivery-" + std::to_string(number)),
      timers_(loop_.context(), shared.clock),
      tasks_(loop_.context(), {.name = "delivery", .max_tasks = shared.options.max_connections + 10'000}),
      control_(loop_.context(), {.name = "delivery-control", .max_tasks = 8}),
      lease_gone_(loop_.context()),
      tls_(std::move(tls)),
      signer_(std::move(signer)),
      random_(std::move(random)),
      grants_(shared.probe),
      meter_(shared.registry),
      watch_(shared, timers_) {}

Worker::~Worker() = default;

void Worker::start() {
  lanes_ = std::make_unique<queue::WorkerLanes>(shared_.queue.feeder());
  loop_.start();
}

void Worker::drive() {
  timers_.drive();
  lanes_ = std::make_unique<queue::WorkerLanes>(shared_.queue.feeder());
}

bool Worker::step() {
  timers_.fire();
  return loop_.poll_one();
}

void Worker::begin_stop(std::function<void()> drained) {
  loop_.post([this, drained = std::move(drained)]() mutable {
    const bool spawned = control_.spawn(drain(std::move(drained)));
    SLUICE_ASSERT(spawned);
  });
}

void Worker::stop() {
  std::promise<void> drained;
  auto done = drained.get_future();
  begin_stop([&drained] { drained.set_value(); });
  done.wait();
  loop_.finish();
  loop_.join();
}

net::Task<> Worker::drain(std::function<void()> drained) {
  stopping_ = true;
  for (auto& [key, dispatch] : dispatches_) {
    for (auto& path : dispatch->paths()) path->begin_stop();
  }
  timers_.at(now() + shared_.options.drain_for, [this] { tasks_.cancel(); });
  co_await tasks_.join();
  flush_settlements();
  // Leases asked for before come back and are released; what is still out then would be in doubt for nothing.
  const auto until = now() + shared_.options.drain_for;
  timers_.at(until, [this] { lease_gone_.cancel(); });
  while (leases_out() && now() < until) {
    lease_gone_.expires_at(net::asio::steady_timer::time_point::max());
    co_await lease_gone_.async_wait(net::kTuple);
  }
  timers_.stop();
  for (auto& [id, lane] : states_) lane->leave(now());
  for (auto& [key, dispatch] : dispatches_) {
    for (auto& path : dispatch->paths()) path->leave(now());
  }
  drained();
}

bool Worker::leases_out() const {
  return std::any_of(paths_.begin(), paths_.end(),
                     [](const auto& path) { return path.second->unsettled() > 0; });
}

void Worker::wake() {
  loop_.post([this] {
    for (auto& [key, dispatch] : dispatches_) dispatch->pump_later();
  });
}

void Worker::on_runs(std::vector<queue::Run> runs) {
  loop_.post([this, runs = std::move(runs)]() mutable {
    for (auto& run : runs) accept(std::move(run));
  });
}

void Worker::accept(queue::Run run) {
  if (stopping_) return;
  const std::string domain(run.domain());
  const auto route = shared_.routes.cached(domain, now());
  if (route) return accept_routed(std::move(run), *route);
  auto& waiting = resolving_[domain];
  waiting.push_back(std::move(run));
  if (waiting.size() > 1) return;
  if (tasks_.spawn(resolve(domain))) return;
  // Too many are being looked up: it waits for its turn, and spends no attempt on it.
  auto runs = std::move(waiting);
  resolving_.erase(domain);
  for (auto& one : runs) put_off(std::move(one), now() + kResolveLater, changes());
}

net::Task<> Worker::resolve(std::string domain) {
  const auto deadline = net::Deadline::after(shared_.options.route_deadline);
  const auto route = co_await shared_.routes.resolve(domain, deadline);
  auto runs = std::move(resolving_[domain]);
  resolving_.erase(domain);
  if (stopping_) co_return;
  for (auto& run : runs) accept_routed(std::move(run), route);
}

void Worker::accept_routed(queue::Run run, const dns::Planned<dns::PlanPtr>& route) {
  if (!route) return fail_run(std::move(run), route.error());
  const auto owner = std::hash<std::string>{}((*route)->site) % shared_.workers.size();
  if (owner != number_) {
    shared_.queue.feeder().moved(run.lane, static_cast<std::uint32_t>(owner));
    std::vector<queue::Run> moved;
    moved.push_back(std::move(run));
    return shared_.workers[owner]->on_runs(std::move(moved));
  }
  auto& lane = lanes_->add(std::move(run));
  attach(lane, *route);
}

/// No attempt can be made: every record of the run gets the failure, without a lease.
void Worker::fail_run(queue::Run run, const dns::RouteFailure& failure) {
  const auto seen = changes();
  if (!may_send(*run.stream, run.domain(), {}, now())) return put_off(std::move(run), Instant::max(), seen);
  const auto ending = ending_of(failure);
  const auto outcome = outcome_of(ending, shared_.options.reply_rules());
  for (std::uint32_t i = 0; i < run.count; ++i) settle(run.held(i), outcome, ending, {}, nullptr);
  shared_.queue.feeder().want_more(run.lane);
}

/// The run's lane goes back to the feeder, to be read again then.
void Worker::put_off(queue::Run run, Instant until, std::uint64_t seen) {
  auto& lane = lanes_->add(std::move(run));
  if (lane.owner != nullptr) return give_back(*static_cast<LaneState*>(lane.owner), until, seen);
  lanes_->give_back(lane, until, seen);
}

void Worker::attach(queue::WorkerLane& lane, const dns::PlanPtr& plan) {
  if (lane.owner == nullptr) {
    const bool by_route = !plan->pool.empty();
    auto& dispatch = dispatch_for(by_route ? plan->pool : lane.stream->pool(), plan);
    auto state = std::make_unique<LaneState>(*this, next_id(), lane, dispatch, by_route);
    lane.owner = state.get();
    dispatch.roll().add(*state);
    dispatch.came(lane.domain);
    by_stream_.try_emplace(lane.stream->id, &LaneState::of_stream).first->second.add(*state);
    states_.emplace(state->id, std::move(state));
  }
  auto& state = *static_cast<LaneState*>(lane.owner);
  state.dispatch.site().plan = plan;
  ready(state);
}

void Worker::ready(LaneState& lane) {
  const auto seen = changes();
  if (!lane.lane.stream->may_send(now())) return give_back(lane, Instant::max(), seen);
  if (lane.parked_on() != nullptr) return;
  lane.dispatch.add(lane);
  lane.dispatch.pump_later();
}

Dispatch& Worker::dispatch_for(const std::string& pool, const dns::PlanPtr& plan) {
  auto& dispatch = dispatches_[{plan->site, pool}];
  if (dispatch) return *dispatch;
  auto& site = sites_[plan->site];
  if (!site) {
    drop_quiet();
    site = std::make_shared<Site>(plan->site, provider_of(*plan, shared_.options.providers), plan);
    site->meter = meter_.site(site->provider);
  }
  auto sources = shared_.pools.find(pool);
  if (sources == shared_.pools.end()) {
    log::error("pool_unknown", {{"pool", pool}, {"used", "default"}});
    sources = shared_.pools.find("default");
  }
  dispatch = std::make_unique<Dispatch>(*this, site, pool, sources->second);
  for (auto& path : dispatch->paths()) paths_[path->id] = path.get();
  return *dispatch;
}

/// Every so many new sites, those without lanes and connections are forgotten: memory follows what is being
/// sent.
void Worker::drop_quiet() {
  constexpr std::size_t kKeep = 1024;
  if (sites_.size() < kKeep || sites_.size() % 256 != 0) return;
  std::erase_if(dispatches_, [&](auto& entry) {
    if (!entry.second || !entry.second->quiet()) return false;
    for (auto& path : entry.second->paths()) paths_.erase(path->id);
    return true;
  });
  std::erase_if(sites_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

LaneState* Worker::find_lane(std::uint64_t id) {
  const auto found = states_.find(id);
  return found == states_.end() ? nullptr : found->second.get();
}

Path* Worker::find_path(std::uint64_t id) {
  const auto found = paths_.find(id);
  return found == paths_.end() ? nullptr : found->second;
}

void Worker::after_take(LaneState& lane) {
  const auto id = lane.id;
  if (lane.lane.records == 0) lane.leave(now());
  if (lane.lane.records == 0 && !lane.lane.queued) off_rolls(lane);
  if (!lanes_->after_take(lane.lane)) states_.erase(id);
}

void Worker::off_rolls(LaneState& lane) {
  lane.dispatch.roll().remove(lane);
  const auto stream = by_stream_.find(lane.lane.stream->id);
  stream->second.remove(lane);
  if (stream->second.empty()) by_stream_.erase(stream);
}

void Worker::give_back(LaneState& lane, Instant until, std::uint64_t seen) {
  lane.dispatch.remove(lane);
  lane.leave(now());
  lane.waits.end(lane.dispatch.site().meter, now());
  const auto id = lane.id;
  off_rolls(lane);
  lanes_->give_back(lane.lane, until, seen);
  states_.erase(id);
}

void Worker::release(std::vector<queue::Held> held, std::uint64_t path) {
  if (held.empty()) return;
  for (auto& one : held) grants_.give_back(one, now());
  shared_.queue.release(std::move(held), [this, path](std::vector<queue::Held> released) {
    loop_.post([this, path, released = std::move(released)]() mutable {
      lease_ended(path, released.size());
      take_back(std::move(released));
    });
  });
}

void Worker::lease_ended(std::uint64_t path, std::size_t records) {
  if (auto* self = find_path(path)) self->on_leases_ended(records);
  leases_changed();
}

void Worker::take_back(std::vector<queue::Held> held) {
  for (auto& one : held) grants_.give_back(one, now());
  if (stopping_) return;  // without a lease they are simply still queued
  for (auto at = held.rbegin(); at != held.rend(); ++at) {
    auto& lane = lanes_->put_back(*at);
    if (lane.owner != nullptr) {
      ready(*static_cast<LaneState*>(lane.owner));
      continue;
    }
    // The lane had run empty here. It is this worker's: its record was leased on one of this worker's paths.
    const auto route = shared_.routes.cached(lane.domain, now());
    if (route && *route) {
      attach(lane, **route);
    } else {
      lanes_->give_back(lane, now(), changes());
    }
  }
}

void Worker::on_stream_changed(queue::StreamPtr stream) {
  loop_.post([this, stream = std::move(stream)] {
    if (stopping_) return;
    const auto seen = changes();
    stream->may_send(now()) ? attach_anew(stream) : lay_down(stream, seen);
  });
}

std::vector<LaneState*> Worker::lanes_of(const queue::StreamPtr& stream) {
  const auto found = by_stream_.find(stream->id);
  return found == by_stream_.end() ? std::vector<LaneState*>() : found->second.all();
}

/// The stream sleeps: nothing of it stays here.
void Worker::lay_down(const queue::StreamPtr& stream, std::uint64_t seen) {
  for (auto& [id, path] : paths_) path->release_stream(*stream);
  for (auto* lane : lanes_of(stream)) give_back(*lane, Instant::max(), seen);
}

/// Its priority or pool may be another: lanes of the old pool go back and come anew, the others take their
/// places in the order again.
void Worker::attach_anew(const queue::StreamPtr& stream) {
  const auto pool = stream->pool();
  for (auto& [key, dispatch] : dispatches_) {
    if (key.second == pool) continue;
    for (auto& path : dispatch->paths()) path->release_stream(*stream);
  }
  std::vector<LaneState*> queued;
  for (auto* lane : lanes_of(stream)) {
    if (!lane->pool_by_route && lane->dispatch.pool() != pool) {
      give_back(*lane, now(), changes());
    } else if (lane->lane.queued) {
      lane->dispatch.remove(*lane);
      queued.push_back(lane);
    }
  }
  for (auto* lane : queued) ready(*lane);
}

void Worker::arm(std::shared_ptr<const throttle::Limits> pin, throttle::Limit* limit, Instant when) {
  timers_.at(when, [this, pin = std::move(pin), limit, when] {
    if (const auto next = limit->wake_due(when, now())) arm(pin, limit, *next);
  });
}

void Worker::inspect(std::function<void(std::vector<SiteStats>)> fn) {
  loop_.post([this, fn = std::move(fn)] {
    std::map<const Dispatch*, std::map<const throttle::Limit*, std::size_t>> parked;
    for (const auto& [id, lane] : states_) {
      if (lane->parked_on() != nullptr) ++parked[&lane->dispatch][lane->parked_on()];
    }
    std::vector<SiteStats> out;
    for (auto& [key, dispatch] : dispatches_) {
      auto& site = out.emplace_back();
      site.site = key.first;
      site.pool = key.second;
      site.provider = dispatch->site().provider;
      site.lanes = dispatch->lanes();
      const auto& limits = parked[dispatch.get()];
      const auto most = std::max_element(limits.begin(), limits.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
      if (most != limits.end()) site.waits_for = most->first->name();
      for (const auto& path : dispatch->paths()) site.paths.push_back(path->stats());
    }
    fn(std::move(out));
  });
}

}  // namespace sluice::delivery
