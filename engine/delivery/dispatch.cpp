#include "engine/delivery/dispatch.hpp"

#include <algorithm>

#include "engine/delivery/worker.hpp"

namespace sluice::delivery {

/// Grants one record after the other: a path with room, then permits of path and lane together.
class Dispatch::Gate final : public queue::LaneGate {
 public:
  Gate(Dispatch& dispatch, Instant now) : dispatch_(dispatch), now_(now), used_(dispatch.paths_.size()) {}

  Answer ask(queue::WorkerLane& lane) override {
    auto& state = *static_cast<LaneState*>(lane.owner);
    touched.push_back(state.id);
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
      Path* path = dispatch_.choose(value.trail.source, used_);
      if (path == nullptr) return no_path(state, value.trail.source);
      const auto& limits = state.limits(*path, now_);
      auto permits = throttle::acquire(limits.message, 1, now_);
      if (permits) {
        state.satisfied();
        if (canary != nullptr) canary->went(lane.stream->id, dispatch_.site().provider, now_);
        picked.push_back(path);
        ++used_[path->number];
        return Answer::take;
      }
      const auto& denial = permits.error();
      if (path->is_own(denial.limit)) {
        path->park(denial, now_);
        continue;
      }
      if (!park(state, *path, denial)) continue;
      return Answer::park;
    }
  }

  std::vector<std::uint64_t> touched;                  ///< lanes asked, by id
  std::vector<std::pair<std::uint64_t, Instant>> far;  ///< lanes to give back until then
  std::vector<Path*> picked;                           ///< one a granted record

 private:
  /// A record that keeps its source waits for that path; another would be served by none.
  Answer no_path(LaneState& state, std::uint16_t sticky) {
    const bool any = std::any_of(dispatch_.paths_.begin(), dispatch_.paths_.end(), [this](const auto& path) {
      return path->sending_allowed(now_) && path->room() > used_[path->number];
    });
    if (sticky == 0 || !any) return Answer::stop;
    dispatch_.waiting_.push_back(&state);
    return Answer::park;
  }

  /// False: the limit can grant by now, ask again.
  bool park(LaneState& state, Path& path, const throttle::Denial& denial) {
    const auto parked = denial.limit->park(state, now_, 1);
    if (parked.arm) dispatch_.worker_.arm(state.pinned(path), denial.limit, *parked.arm);
    if (!parked.parked) return false;
    const auto far_away = now_ + dispatch_.worker_.shared().options.give_back_after;
    if (denial.until != Instant::max() && denial.until > far_away) far.emplace_back(state.id, denial.until);
    return true;
  }

  Dispatch& dispatch_;
  const Instant now_;
  std::vector<std::size_t> used_;
};

Dispatch::Dispatch(Worker& worker, std::shared_ptr<Site> site, std::string pool,
                   const std::vector<std::size_t>& sources)
    : worker_(worker), site_(std::move(site)), pool_(std::move(pool)) {
  for (const auto source : sources) {
    paths_.push_back(std::make_unique<Path>(worker, *this, worker.next_id(), paths_.size(), source));
  }
}

Dispatch::~Dispatch() {
  for (auto& path : paths_) path->leave(worker_.now());
}

bool Dispatch::quiet() const {
  return queue_.empty() && waiting_.empty() &&
         std::all_of(paths_.begin(), paths_.end(), [](const auto& path) { return path->quiet(); });
}

void Dispatch::add(LaneState& lane) {
  std::erase(waiting_, &lane);
  queue_.add(lane.lane);
}

void Dispatch::remove(LaneState& lane) {
  std::erase(waiting_, &lane);
  if (auto* const probe = worker_.shared().probe; probe != nullptr && lane.lane.queued)
    probe->interrupted(*this);
  queue_.remove(lane.lane);
}

Path* Dispatch::choose(std::uint16_t sticky, std::vector<std::size_t>& used) {
  const auto now = worker_.now();
  const auto has_room = [&](const Path& path) {
    return path.sending_allowed(now) && path.room() > used[path.number];
  };
  if (sticky != 0) {
    for (auto& path : paths_) {
      if (path->source + 1 == sticky) return has_room(*path) ? path.get() : nullptr;
    }
  }
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    auto& path = *paths_[turn_++ % paths_.size()];
    if (has_room(path)) return &path;
  }
  return nullptr;
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
  for (auto* lane : std::exchange(waiting_, {})) queue_.add(lane->lane);
  const auto now = worker_.now();
  for (;;) {
    std::size_t room = 0;
    for (const auto& path : paths_) room += path->sending_allowed(now) ? path->room() : 0;
    if (room == 0 || queue_.empty()) break;
    const auto before = queue_.lanes();
    take(room);
    if (queue_.lanes() == before) break;
  }
  pumping_ = false;
  for (auto& path : paths_) path->open_connections(queue_.lanes() + waiting_for(*path));
}

std::size_t Dispatch::waiting_for(const Path& path) const {
  return static_cast<std::size_t>(std::count_if(
      waiting_.begin(), waiting_.end(),
      [&](const LaneState* state) { return state->lane.front().value.trail.source == path.source + 1; }));
}

void Dispatch::take(std::size_t room) {
  Gate gate(*this, worker_.now());
  std::vector<queue::Held> out;
  auto* const probe = worker_.shared().probe;
  if (probe != nullptr) probe->before_turn(*this);
  queue_.take(std::min(room, worker_.shared().options.lease_run), gate, out);
  if (probe != nullptr) probe->after_turn(*this, out, gate.picked);
  after_gate(gate, out);
}

void Dispatch::after_gate(Gate& gate, std::vector<queue::Held>& out) {
  std::vector<std::vector<queue::Held>> runs(paths_.size());
  for (std::size_t i = 0; i < out.size(); ++i) runs[gate.picked[i]->number].push_back(std::move(out[i]));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].empty()) paths_[i]->lease(std::move(runs[i]));
  }
  std::sort(gate.touched.begin(), gate.touched.end());
  gate.touched.erase(std::unique(gate.touched.begin(), gate.touched.end()), gate.touched.end());
  for (const auto& [id, until] : gate.far) {
    if (auto* lane = worker_.find_lane(id)) worker_.give_back(*lane, until);
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
  auto until = Instant::max();
  for (const auto& path : paths_) until = std::min(until, path->back_off_until());
  if (until < now + worker_.shared().options.give_back_after) return;
  std::vector<LaneState*> mine;
  for (auto& [id, lane] : worker_.states_) {
    if (&lane->dispatch == this) mine.push_back(lane.get());
  }
  for (auto* lane : mine) worker_.give_back(*lane, until);
}

}  // namespace sluice::delivery
