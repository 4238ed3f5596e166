// The summary of the queue: one row a provider, site or campaign.
#include <boost/json.hpp>
#include <map>

#include "engine/control/queue_desk.hpp"
#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;

/// What workers hold of a group now.
struct Busy {
  std::uint64_t lanes = 0;
  std::uint64_t leased = 0;
  std::uint64_t connections = 0;
  std::string waits_for;
};

std::map<std::string, Busy> busy_by(Service& service, std::string_view by) {
  std::map<std::string, Busy> out;
  for (const auto& site : service.delivery().inspect()) {
    auto& row = out[by == "site" ? site.site : site.provider.empty() ? "other" : site.provider];
    row.lanes += site.lanes;
    for (const auto& path : site.paths) {
      row.leased += path.leased;
      row.connections += path.connections + path.connecting;
      if (row.waits_for.empty()) row.waits_for = path.waits_for;
    }
    if (row.waits_for.empty()) row.waits_for = site.waits_for;
  }
  return out;
}

void add_count(json::object& row, const queue::CensusGroup& group, Instant now) {
  row["queued"] = group.records;
  row["ready"] = group.ready;
  row["deferred"] = group.deferred;
  row["held"] = group.held;
  json::object ages;
  for (std::size_t i = 0; i < group.ages.size(); ++i) ages[queue::kAgeNames[i]] = group.ages[i];
  row["ages"] = std::move(ages);
  if (group.oldest_ms != 0) row["oldest_s"] = static_cast<double>(to_ms(now) - group.oldest_ms) / 1000.0;
}

void add_counters(json::object& row, const queue::Counters& counters) {
  row["queued"] = counters.queued();
  row["ready"] = counters.queued() - counters.retries_waiting;
  row["deferred"] = counters.deferred();
  row["held"] = counters.held;
}

}  // namespace

json::object QueueDesk::summary(std::string_view by) {
  const auto now = service_.clock().now();
  json::array rows;
  queue::Counters total;
  for (const auto& stream : service_.queue().streams().all()) {
    const auto counters = service_.queue().counters(stream->id);
    total.injected += counters.queued();
    total.retries_waiting += counters.retries_waiting;
    total.held += counters.held;
    if (by != "campaign" || counters.queued() == 0) continue;
    json::object row{{"name", stream->settings.name}, {"tenant", stream->settings.tenant}};
    add_counters(row, counters);
    row["rate_per_s"] = service_.live().rate_of(stream->id);
    row["waits_for"] = stream_waits_for(*stream);
    rows.push_back(std::move(row));
  }
  auto busy = busy_by(service_, by);
  std::map<std::string, double> rates;
  for (const auto& provider : service_.live().total()) rates[provider.provider] = provider.per_second;
  json::object out;
  if (by == "provider") {
    count_now();
    const bool whole = !census_.under_way() || census_.last().ended != Instant{};
    const auto& count = whole ? census_.last() : census_.counting();
    for (const auto& [name, group] : count.groups) busy.try_emplace(name);
    out["counted"] = json::object{{"records", count.records},
                                  {"of", total.queued()},
                                  {"complete", whole},
                                  {"at", to_rfc3339(whole ? count.ended : count.begun)}};
    for (const auto& [name, row] : busy) {
      const auto found = count.groups.find(name);
      json::object one{{"name", name}};
      add_count(one, found == count.groups.end() ? queue::CensusGroup{} : found->second, now);
      rows.push_back(std::move(one));
    }
  }
  std::uint64_t leased = 0;
  std::uint64_t connections = 0;
  std::size_t at = 0;
  for (const auto& [name, row] : busy) {
    leased += row.leased;
    connections += row.connections;
    if (by == "campaign") continue;
    if (by == "site") rows.push_back(json::object{{"name", name}});
    auto& one = rows[at++].as_object();
    one["lanes"] = row.lanes;
    one["leased"] = row.leased;
    one["connections"] = row.connections;
    if (by == "provider") one["rate_per_s"] = rates[name];
    const bool held = by == "provider" && service_.queue().orders().holds(queue::OrderScope::provider, name);
    one["waits_for"] = held ? "held by operator" : row.waits_for;
  }
  double rate = 0;
  for (const auto& [name, per_second] : rates) rate += per_second;
  out["rows"] = std::move(rows);
  add_counters(out, total);
  out["leased"] = leased;
  out["connections"] = connections;
  out["rate_per_s"] = rate;
  out["orders"] = orders()["orders"];
  return out;
}

}  // namespace sluice::control
