#include "tests/sim/fairness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/delivery/worker.hpp"

namespace sluice::sim {
namespace {

std::string tenant_of(const queue::Stream& stream) {
  return fmt::format("{}/{}", queue::name_of(stream.settings.stream_class), stream.settings.tenant);
}

bool commercial(const queue::Stream& stream) {
  return stream.settings.stream_class == queue::StreamClass::commercial;
}

/// Races of which one does not run any more end.
template <class Key, class Race, class Runs>
void end_races(std::map<Key, Race>& races, Runs runs) {
  std::erase_if(races, [&](const auto& race) { return !runs(race.first.first) || !runs(race.first.second); });
}

}  // namespace

void Fairness::reset(queue::StreamTable* streams) {
  streams_ = streams;
  streams_changed();
}

void Fairness::streams_changed() {
  lines_.clear();
  all_ = streams_->all();
}

std::vector<Fairness::Waiting> Fairness::look(const delivery::Dispatch& dispatch) const {
  std::vector<Waiting> out;
  for (const auto& stream : all_) {
    if (stream->settings.pool != dispatch.pool() || stream->state() != queue::StreamState::running) continue;
    const Waiting waiting{stream.get(),
                          {dispatch.order().waits(*stream, queue::Phase::first),
                           dispatch.order().waits(*stream, queue::Phase::retry)}};
    if (waiting.any()) out.push_back(waiting);
  }
  return out;
}

void Fairness::before_turn(const delivery::Dispatch& dispatch) {
  if (streams_ == nullptr) return;
  auto& line = lines_[&dispatch];
  line.before = look(dispatch);
  const auto waits = [&](auto matches) {
    return std::any_of(line.before.begin(), line.before.end(),
                       [&](const Waiting& one) { return matches(*one.stream); });
  };
  // Who left the line and came back between two turns begins anew.
  end_races(line.streams,
            [&](StreamId id) { return waits([&](const auto& stream) { return stream.id == id; }); });
  end_races(line.tenants, [&](const std::string& tenant) {
    return waits([&](const auto& stream) { return tenant_of(stream) == tenant; });
  });
}

/// Those that stood in the line before the turn and still do, with the phases of both times.
void Fairness::keep_both(std::vector<Waiting>& before, const std::vector<Waiting>& after) const {
  for (auto& one : before) {
    const auto still = std::find_if(after.begin(), after.end(),
                                    [&](const Waiting& other) { return other.stream == one.stream; });
    for (const auto phase : {0, 1})
      one.phase[phase] = one.phase[phase] && still != after.end() && still->phase[phase];
  }
}

void Fairness::after_turn(const delivery::Dispatch& dispatch, std::span<const queue::Held> granted,
                          std::span<delivery::Path* const> paths) {
  if (streams_ == nullptr) return;
  for (std::size_t i = 0; i < granted.size(); ++i) {
    const auto& held = granted[i];
    const auto& key = held.record().key;
    world_.note(key.phase == queue::Phase::first ? "grant" : "again", key.stream, key.row, paths[i]->source);
    ++world_.steps;
    limits_.granted(*held.stream, key.domain, dispatch.pool(), paths[i]->source_options().name,
                    {&dispatch.grants(), held.grant});
  }
  auto& line = lines_[&dispatch];
  const auto after = look(dispatch);
  auto both = std::move(line.before);
  std::vector<Waiting> waited;  // a stream may change phase and still have waited all the time
  for (const auto& one : both) {
    const bool still = std::any_of(after.begin(), after.end(),
                                   [&](const Waiting& other) { return other.stream == one.stream; });
    if (still) waited.push_back(one);
  }
  race_streams(line, waited, granted);
  race_tenants(line, waited, granted);
  share_classes(line, waited, granted);
  keep_both(waited, after);
  alternate(line, waited, granted);
}

/// On a connection that commercial mail may not use, nothing is owed to it; whoever raced begins anew.
void Fairness::after_express_turn(const delivery::Dispatch& dispatch, std::span<const queue::Held> granted,
                                  std::span<delivery::Path* const> paths) {
  if (streams_ == nullptr) return;
  for (std::size_t i = 0; i < granted.size(); ++i) {
    const auto& held = granted[i];
    const auto& key = held.record().key;
    if (held.stream->settings.stream_class != queue::StreamClass::transactional)
      world_.trace.fail("commercial mail goes on the slot that is kept for transactional mail");
    world_.note("express", key.stream, key.row, paths[i]->source);
    ++world_.steps;
    limits_.granted(*held.stream, key.domain, dispatch.pool(), paths[i]->source_options().name,
                    {&dispatch.grants(), held.grant});
  }
  lines_.erase(&dispatch);
}

void Fairness::step(Race& race, int by, int bound, const std::string& who) {
  race.ahead += by;
  race.most = std::max(race.most, race.ahead);
  race.least = std::min(race.least, race.ahead);
  ++compared_;
  if (race.most - race.least > bound)
    world_.trace.fail(fmt::format("{} were served {} apart, both backlogged; {} is allowed", who,
                                  race.most - race.least, bound));
}

void Fairness::race_streams(Line& line, const std::vector<Waiting>& both,
                            std::span<const queue::Held> granted) {
  const auto runs = [&](StreamId id) {
    return std::any_of(both.begin(), both.end(), [&](const Waiting& one) { return one.stream->id == id; });
  };
  end_races(line.streams, runs);
  for (std::size_t i = 0; i < both.size(); ++i) {
    for (std::size_t j = i + 1; j < both.size(); ++j) {
      const auto& a = *both[i].stream;
      const auto& b = *both[j].stream;
      if (a.weight() != b.weight() || tenant_of(a) != tenant_of(b)) continue;
      auto& race = line.streams[{a.id, b.id}];
      const int quantum = static_cast<int>(std::max(1U, queue::kQuantum * a.weight() / 5));
      for (const auto& held : granted) {
        const int by = held.stream.get() == &a ? 1 : held.stream.get() == &b ? -1 : 0;
        if (by != 0) step(race, by, 2 * quantum, fmt::format("streams {} and {}", a.id, b.id));
      }
    }
  }
}

void Fairness::race_tenants(Line& line, const std::vector<Waiting>& both,
                            std::span<const queue::Held> granted) {
  std::vector<std::string> tenants;
  for (const auto& one : both) tenants.push_back(tenant_of(*one.stream));
  std::sort(tenants.begin(), tenants.end());
  tenants.erase(std::unique(tenants.begin(), tenants.end()), tenants.end());
  end_races(line.tenants, [&](const std::string& tenant) {
    return std::binary_search(tenants.begin(), tenants.end(), tenant);
  });
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    for (std::size_t j = i + 1; j < tenants.size(); ++j) {
      if (tenants[i].front() != tenants[j].front()) continue;  // of two classes
      auto& race = line.tenants[{tenants[i], tenants[j]}];
      for (const auto& held : granted) {
        const auto tenant = tenant_of(*held.stream);
        const int by = tenant == tenants[i] ? 1 : tenant == tenants[j] ? -1 : 0;
        if (by != 0) step(race, by, 2 * static_cast<int>(queue::kQuantum), tenants[i] + " and " + tenants[j]);
      }
    }
  }
}

void Fairness::share_classes(Line& line, const std::vector<Waiting>& both,
                             std::span<const queue::Held> granted) {
  bool waits[2] = {false, false};
  for (const auto& one : both) waits[commercial(*one.stream) ? 1 : 0] = true;
  for (const auto& held : granted) {
    const bool is_commercial = commercial(*held.stream);
    if (is_commercial && waits[0] && line.since_commercial + 1 < queue::kCommercialShare)
      world_.trace.fail("commercial mail has more than its share while transactional mail waits");
    line.since_commercial = is_commercial ? 0 : line.since_commercial + 1;
    line.transactional_in_a_row = is_commercial ? 0 : line.transactional_in_a_row + 1;
    if (waits[1] && line.transactional_in_a_row >= queue::kCommercialShare)
      world_.trace.fail("ten transactional grants in a row while commercial mail waits");
  }
  // A class that does not wait owes and is owed nothing.
  if (!waits[0]) line.since_commercial = 100;
  if (!waits[1]) line.transactional_in_a_row = 0;
}

void Fairness::alternate(Line& line, const std::vector<Waiting>& both, std::span<const queue::Held> granted) {
  auto before = std::exchange(line.last_phase, {});
  for (const auto& one : both) {
    if (!one.phase[0] || !one.phase[1]) continue;
    auto last = before.try_emplace(one.stream->id, 2).first->second;
    for (const auto& held : granted) {
      if (held.stream.get() != one.stream) continue;
      const auto phase = static_cast<unsigned>(held.record().key.phase);
      if (phase == last)
        world_.trace.fail(fmt::format("stream {} was served two {} in a row while both wait", one.stream->id,
                                      phase == 0 ? "first attempts" : "retries"));
      last = phase;
      ++compared_;
    }
    line.last_phase[one.stream->id] = last;
  }
}

}  // namespace sluice::sim
