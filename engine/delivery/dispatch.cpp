#include "engine/delivery/dispatch.hpp"

#include <algorithm>

#include "engine/delivery/worker.hpp"

namespace sluice::delivery {

/// Grants one record after the other: a path with room, then permits of path and lane together.
class Dispatch::Gate final : public queue::LaneGate {
 public:
  Gate(Dispatch& dispatch, Instant now, bool express = false)
      : seen(dispatch.worker_.changes()),
        dispatch_(dispatch),
        now_(now),
        express_(express),
        used_(dispatch.paths_.size()) {}

  Answer ask(queue::WorkerLane& lane) override {
    auto& state = *static_cast<LaneState*>(lane.owner);
    touched.push_back(state.id);
    state.waits.end(dispatch_.site().meter, now_);
    if (!lane.stream->may_send(now_)) {
      far.emplace_back(state.id, Instant::max());
      return Answer::park;
    }
    const auto& shared = dispatch_.worker_.shared();
    if (shared.queue.orders().holds_mail(lane.domain, dispatch_.site().provider)) {
      far.emplace_back(state.id, Instant::max());
      return Answer::park;
    }
    const auto& value = lane.front().value;
    if (value.trail.held || lane.stream->expired(value.accepted_ms, now_)) {
      dispatch_.worker_.expire(lane.take());
      return Answer::skip;
    }
    if (lane.stream->has_local_windows()) {
      const auto opens = shared.local_opening(*lane.stream, lane.front(), now_);
      if (opens > now_) {
        dispatch_.worker_.postpone(lane.take(), opens);
        return Answer::skip;
      }
    }
    auto* const canary = shared.canary;
    if (canary != nullptr && !canary->may_go(lane.stream->id, dispatch_.site().provider)) {
      far.emplace_back(state.id, Instant::max());  // asked again when the canary has passed
      return Answer::park;
    }
    for (;;) {
      Path* path = dispatch_.choose(value.trail.source, used_, express_);
      if (path == nullptr) return no_path(state, value.trail.source);
      const auto taken = state.take(*path, now_);
      if (taken) {
        state.satisfied();
        if (canary != nullptr) canary->went(lane.stream->id, dispatch_.site().provider, now_);
        picked.push_back(path);
        granted.push_back(*taken);
        ++used_[path->number];
        return Answer::take;
      }
      const auto& denial = taken.error();
      if (path->is_own(denial.limit)) {
        path->park(denial, now_);
        continue;
      }
      if (!park(state, *path, denial)) continue;
      return Answer::park;
    }
  }

  const std::uint64_t seen;                            ///< before anything was asked: Feeder::give_back()
  std::vector<std::uint64_t> touched;                  ///< lanes asked, by id
  std::vector<std::pair<std::uint64_t, Instant>> far;  ///< lanes to give back until then
  std::vector<Path*> picked;                           ///< one a granted record
  std::vector<std::pair<LaneState*, Path*>> waits;     ///< lanes that wait for one path
  std::vector<std::uint64_t> granted;                  ///< Held::grant, alike

 private:
  /// A record that keeps its source waits for that path; another would be served by none.
  Answer no_path(LaneState& state, std::uint16_t sticky) {
    const bool any = std::any_of(dispatch_.paths_.begin(), dispatch_.paths_.end(), [this](const auto& path) {
      return path->sending_allowed(now_) && path->room(express_) > used_[path->number];
    });
    auto* const own = dispatch_.path_of(sticky);
    if (own == nullptr || !any || own->lets_go(now_)) return Answer::stop;
    const auto opens = own->closed_until(now_);
    if (opens > now_ + dispatch_.worker_.shared().options.give_back_after) {
      far.emplace_back(state.id, now_ < own->lets_go_at() ? std::min(opens, own->lets_go_at()) : opens);
      return Answer::park;
    }
    waits.emplace_back(&state, own);
    return Answer::park;
  }

  /// False: the limit can grant by now, ask again.
  bool park(LaneState& state, Path& path, const throttle::Denial& denial) {
    const auto parked = denial.limit->park(state, now_, denial.need);
    if (parked.arm) dispatch_.worker_.arm(state.pinned(path), denial.limit, *parked.arm);
    if (!parked.parked) return false;
    state.waits.begin(WaitReason::lane_rate, now_);
    const auto far_away = now_ + dispatch_.worker_.shared().options.give_back_after;
    if (denial.until != Instant::max() && denial.until > far_away) far.emplace_back(state.id, denial.until);
    return true;
  }

  Dispatch& dispatch_;
  const Instant now_;
  const bool express_;
  std::vector<std::size_t> used_;
};

Dispatch::Dispatch(Worker& worker, std::shared_ptr<Site> site, std::string pool,
                   const std::vector<PoolSource>& sources)
    : worker_(worker), site_(std::move(site)), pool_(std::move(pool)) {
  for (const auto& source : sources) {
    paths_.push_back(std::make_unique<Path>(worker, *this, worker.next_id(), paths_.size(), source));
    site_->places.join(*paths_.back());
  }
}

Dispatch::~Dispatch() {
  for (auto& path : paths_) {
    path->leave(worker_.now());
    site_->places.leave(*path);
  }
}

const Grants& Dispatch::grants() const { return worker_.grants(); }

bool Dispatch::quiet() const {
  return roll_.empty() &&
         std::all_of(paths_.begin(), paths_.end(), [](const auto& path) { return path->quiet(); });
}

void Dispatch::wait_for(Path& path, LaneState& lane) {
  lane.waits_for = &path;
  path.sticky.push_back(lane.lane);
  ++path.sticky_lanes;
  ++sticky_lanes_;
}

void Dispatch::stop_waiting(LaneState& lane) {
  if (lane.waits_for == nullptr) return;
  auto& path = *std::exchange(lane.waits_for, nullptr);
  path.sticky.remove(lane.lane);
  --path.sticky_lanes;
  --sticky_lanes_;
}

void Dispatch::ask_again(Path& path) {
  if (path.sticky_lanes == 0) return;
  const auto now = worker_.now();
  const bool free = path.lets_go(now);  // any source will do for them from now on
  if (!free && !path.sending_allowed(now)) return;
  for (auto left = free ? path.sticky_lanes : path.room(); left > 0 && path.sticky_lanes > 0; --left)
    add(*static_cast<LaneState*>(path.sticky.front().owner));
}

Path* Dispatch::path_of(std::uint16_t sticky) const {
  if (sticky == 0) return nullptr;
  const auto found =
      std::find_if(paths_.begin(), paths_.end(), [sticky](const auto& path) { return path->mark == sticky; });
  return found == paths_.end() ? nullptr : found->get();
}

void Dispatch::came(std::string_view domain) {
  if (!named_.note(worker_.shared().policies, domain)) return;
  for (const auto& path : paths_) path->ask_limits_again();
}

std::shared_ptr<const throttle::Limits> Dispatch::resolve(const throttle::Subject& path, Instant now) {
  return named_.resolve(worker_.shared().policies, roll_, path, now);
}

void Dispatch::add(LaneState& lane) {
  stop_waiting(lane);
  queue_.add(lane.lane);
}

void Dispatch::remove(LaneState& lane) {
  stop_waiting(lane);
  if (auto* const probe = worker_.shared().probe; probe != nullptr && lane.lane.queued)
    probe->interrupted(*this);
  queue_.remove(lane.lane);
}

/// Smooth weighted round robin over those that have room: each gains its weight, the richest goes and pays
/// for all.
Path* Dispatch::choose(std::uint16_t sticky, const std::vector<std::size_t>& used, bool express) {
  const auto now = worker_.now();
  const auto has_room = [&](const Path& path) {
    return path.sending_allowed(now) && path.room(express) > used[path.number];
  };
  if (auto* const own = path_of(sticky); own != nullptr && !own->lets_go(now))
    return has_room(*own) ? own : nullptr;
  Path* best = nullptr;
  long all = 0;
  for (auto& path : paths_) {
    if (!has_room(*path)) continue;
    path->credit += path->weight;
    all += path->weight;
    if (best == nullptr || path->credit > best->credit) best = path.get();
  }
  if (best != nullptr) best->credit -= all;
  return best;
}

void Dispatch::pump_later() {
  if (pump_posted_) return;
  pump_posted_ = true;
  worker_.post([&worker = worker_, id = paths_.front()->id] {
    auto* path = worker.find_path(id);
    if (path == nullptr) return;  // forgotten meanwhile
    path->dispatch().pump_posted_ = false;
    path->dispatch().pump();
  });
}

void Dispatch::pump() {
  if (pumping_ || worker_.stopping() || !worker_.shared().queue.disk().may_lease()) return;
  pumping_ = true;
  const auto now = worker_.now();
  for (const auto& path : paths_) {
    path->refresh_limits(now);
    path->look_at_source(now);
    ask_again(*path);
  }
  for (;;) {
    std::size_t room = 0;
    for (const auto& path : paths_) room += path->sending_allowed(now) ? path->room() : 0;
    if (room == 0 || queue_.empty()) break;
    const auto before = queue_.lanes();
    take(room);
    if (queue_.lanes() == before) break;
  }
  take_express();
  pumping_ = false;
  give_back_if_far(now);
  for (auto& path : paths_) path->open_connections(queue_.lanes() + path->sticky_lanes);
}

void Dispatch::take(std::size_t room) {
  Gate gate(*this, worker_.now());
  std::vector<queue::Held> out;
  auto* const probe = worker_.shared().probe;
  if (probe != nullptr) probe->before_turn(*this);
  queue_.take(std::min(room, worker_.shared().options.lease_run), gate, out);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].grant = gate.granted[i];
  if (probe != nullptr) probe->after_turn(*this, out, gate.picked);
  after_gate(gate, out);
}

void Dispatch::take_express() {
  if (!queue_.has_transactional()) return;
  const auto now = worker_.now();
  std::size_t room = 0;
  for (const auto& path : paths_) room += path->sending_allowed(now) ? path->express_room() : 0;
  if (room == 0) return;
  Gate gate(*this, now, true);
  std::vector<queue::Held> out;
  queue_.take_transactional(room, gate, out);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].grant = gate.granted[i];
  if (auto* const probe = worker_.shared().probe; probe != nullptr)
    probe->after_express_turn(*this, out, gate.picked);
  after_gate(gate, out);
}

void Dispatch::after_gate(Gate& gate, std::vector<queue::Held>& out) {
  std::vector<std::vector<queue::Held>> runs(paths_.size());
  for (std::size_t i = 0; i < out.size(); ++i) runs[gate.picked[i]->number].push_back(std::move(out[i]));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].empty()) paths_[i]->lease(std::move(runs[i]));
  }
  for (const auto& [lane, path] : gate.waits) wait_for(*path, *lane);
  std::sort(gate.touched.begin(), gate.touched.end());
  gate.touched.erase(std::unique(gate.touched.begin(), gate.touched.end()), gate.touched.end());
  for (const auto& [id, until] : gate.far) {
    if (auto* lane = worker_.find_lane(id)) worker_.give_back(*lane, until, gate.seen);
  }
  for (const auto id : gate.touched) {
    if (auto* lane = worker_.find_lane(id)) worker_.after_take(*lane);
  }
}

void Dispatch::blame_one(const Path& path, const Outcome& outcome, const Ending& ending) {
  const bool others = std::any_of(paths_.begin(), paths_.end(), [&](const auto& other) {
    return other.get() != &path && other->connected();
  });
  if (others) return;
  class TakeAny final : public queue::LaneGate {
   public:
    Answer ask(queue::WorkerLane& lane) override {
      touched.push_back(static_cast<LaneState*>(lane.owner)->id);
      return Answer::take;
    }
    std::vector<std::uint64_t> touched;
  } any;
  std::vector<queue::Held> out;
  queue_.take(1, any, out);
  if (auto* const probe = worker_.shared().probe; probe != nullptr) probe->interrupted(*this);
  for (auto& held : out) worker_.settle(std::move(held), outcome, ending, {}, &path);
  for (const auto id : any.touched) {
    if (auto* lane = worker_.find_lane(id)) worker_.after_take(*lane);
  }
}

void Dispatch::give_back_if_far(Instant now) {
  if (roll_.empty()) return;
  const auto seen = worker_.changes();
  auto until = Instant::max();
  for (const auto& path : paths_) until = std::min(until, path->closed_until(now));
  if (until < now + worker_.shared().options.give_back_after) return;
  const auto mine = roll_.all();  // a copy: each leaves it
  for (auto* lane : mine) worker_.give_back(*lane, until, seen);
}

}  // namespace sluice::delivery
