// What /metrics says of the queue and of campaigns.
//
// The total of each state is exact: it comes from the streams' counters. How it splits by provider is what
// the last walk over the queue saw (queue/census.hpp), scaled to that total, so that the sum over the
// providers is exact too.
#include <algorithm>
#include <cmath>
#include <map>

#include "engine/control/meters.hpp"
#include "engine/control/service.hpp"
#include "metrics/catalog.hpp"

namespace sluice::control {
namespace {

using queue::CensusGroup;

double number(std::uint64_t n) { return static_cast<double>(n); }

/// By the streams' counters.
struct Totals {
  std::uint64_t open = 0;   ///< ready or deferred
  std::uint64_t tried = 0;  ///< of open: waits for a retry
  std::uint64_t held = 0;
  std::uint64_t paused = 0;  ///< their stream may not send now
};

struct State {
  const char* name;
  std::uint64_t (*counted)(const CensusGroup&);
  std::int64_t (*since_ms)(const CensusGroup&);
};

constexpr State kStates[]{
    {"ready", [](const CensusGroup& g) { return g.ready - g.paused_ready; },
     [](const CensusGroup& g) { return g.ready_since_ms; }},
    {"deferred", [](const CensusGroup& g) { return g.deferred - g.paused_deferred; },
     [](const CensusGroup& g) { return g.deferred_since_ms; }},
    {"held", [](const CensusGroup& g) { return g.held; },
     [](const CensusGroup& g) { return g.held_since_ms; }},
    {"paused", [](const CensusGroup& g) { return g.paused_ready + g.paused_deferred; },
     [](const CensusGroup& g) { return g.paused_since_ms; }},
};

std::uint64_t counted(const queue::CensusResult& count, const State& state) {
  std::uint64_t sum = 0;
  for (const auto& [provider, group] : count.groups) sum += state.counted(group);
  return sum;
}

/// The parts are whole recipients and add up to the total.
void put_split(metrics::Samples& out, const queue::CensusResult& count, const State& state,
               std::uint64_t total) {
  const auto sum = counted(count, state);
  auto left = total;
  if (sum > 0) {
    const auto scale = number(total) / number(sum);
    for (const auto& [provider, group] : count.groups) {
      const auto share = static_cast<std::uint64_t>(std::floor(number(state.counted(group)) * scale));
      if (share == 0 || provider == metrics::kOther) continue;
      out.put(metrics::kQueueRecipients, {state.name, provider}, number(share));
      left -= std::min(left, share);
    }
  }
  out.put(metrics::kQueueRecipients, {state.name, metrics::kOther}, number(left));
}

/// The largest first, at most so many.
template <class Rows, class Size>
void keep_largest(Rows& rows, std::size_t most, Size size) {
  const auto keep = std::min(most, rows.size());
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(keep);
  std::partial_sort(rows.begin(), end, rows.end(),
                    [&](const auto& a, const auto& b) { return size(a) > size(b); });
  rows.erase(end, rows.end());
}

}  // namespace

void Meters::sample_queue(metrics::Samples& out) const {
  const auto now = service_.clock().now();
  Totals totals;
  std::map<std::string, std::uint64_t> tenants;
  for (const auto& stream : service_.queue().streams().all()) {
    const auto counters = service_.queue().counters(stream->id);
    const auto queued = counters.queued();
    if (queued == 0) continue;
    tenants[stream->settings.tenant] += queued;
    const auto held = std::min(counters.held, queued);
    totals.held += held;
    (stream->may_send(now) ? totals.open : totals.paused) += queued - held;
    if (stream->may_send(now)) totals.tried += std::min(counters.deferred(), queued - held);
  }
  const auto& count = service_.desk().count();
  const auto ready = counted(count, kStates[0]);
  const auto deferred = counted(count, kStates[1]);
  const auto share = ready + deferred > 0
                         ? number(deferred) / number(ready + deferred)
                         : number(totals.tried) / number(std::max<std::uint64_t>(totals.open, 1));
  const auto waiting =
      std::min(totals.open, static_cast<std::uint64_t>(std::llround(number(totals.open) * share)));
  const std::uint64_t exact[]{totals.open - waiting, waiting, totals.held, totals.paused};
  for (std::size_t i = 0; i < std::size(kStates); ++i) {
    put_split(out, count, kStates[i], exact[i]);
    if (exact[i] == 0) continue;
    for (const auto& [provider, group] : count.groups) {
      const auto since = kStates[i].since_ms(group);
      if (since == 0) continue;
      out.put(metrics::kQueueOldest, {kStates[i].name, provider},
              std::max(0.0, number(to_ms(now) - since) / 1000));
    }
  }
  const auto counted_at = count.ended != Instant{} ? count.ended : count.begun;
  if (counted_at != Instant{}) {
    out.put(metrics::kQueueCountAge, {}, std::chrono::duration<double>(now - counted_at).count());
  }
  out.put(metrics::kQueueLeased, {}, number(service_.queue().ledger().leased_now()));
  out.put(metrics::kQueueResident, {}, number(service_.queue().feeder().stats().resident_records));
  std::vector<std::pair<std::string, std::uint64_t>> largest(tenants.begin(), tenants.end());
  keep_largest(largest, kMostShown, [](const auto& row) { return row.second; });
  for (const auto& [tenant, queued] : largest) out.put(metrics::kTenantQueue, {tenant}, number(queued));
}

void Meters::sample_campaigns(metrics::Samples& out) const {
  const auto now = service_.clock().now();
  std::map<std::string, double> states;
  struct Row {
    queue::StreamPtr stream;
    queue::Counters counters;
    bool expanded = false;
  };
  std::vector<Row> rows;
  for (const auto& view : service_.campaigns().all()) {
    const auto state = view.stream->state();
    if (state == queue::StreamState::done || state == queue::StreamState::cancelled) continue;
    states[queue::name_of(state)] += 1;
    rows.push_back({view.stream, service_.queue().counters(view.stream->id), view.expanded});
  }
  for (const auto& [state, n] : states) out.put(metrics::kCampaigns, {state}, n);
  keep_largest(rows, kMostShown, [](const Row& row) { return row.counters.queued(); });
  for (const auto& row : rows) {
    const auto& settings = row.stream->settings;
    const std::string& tenant = settings.tenant;
    const std::string& name = settings.name;
    const auto& c = row.counters;
    const std::pair<const char*, std::uint64_t> parts[]{
        {"queued", c.queued()}, {"delivered", c.delivered},   {"bounced", c.bounced},
        {"expired", c.expired}, {"suppressed", c.suppressed}, {"cancelled", c.cancelled}};
    for (const auto& [state, n] : parts)
      out.put(metrics::kCampaignRecipients, {tenant, name, state}, number(n));
    const auto left = row.stream->expires_ms(settings.created_ms) - to_ms(now);
    out.put(metrics::kCampaignLeft, {tenant, name}, std::max(0.0, static_cast<double>(left) / 1000));
    const auto rate = service_.live().rate_of(row.stream->id);
    if (rate > 0 && row.expanded) out.put(metrics::kCampaignEta, {tenant, name}, number(c.queued()) / rate);
  }
  out.put(metrics::kSpoolOldest, {}, spool_age_s_);
}

}  // namespace sluice::control
