#include "engine/delivery/named_domains.hpp"

#include <algorithm>

#include "queue/worker_lane.hpp"

namespace sluice::delivery {

void NamedDomains::look(const throttle::PolicySet& policies) {
  const auto generation = policies.generation();
  if (known_ && generation == generation_) return;
  generation_ = generation;
  known_ = policies.connection_domains();
}

bool NamedDomains::note(const throttle::PolicySet& policies, std::string_view domain) {
  look(policies);
  return known_->named.contains(domain) && here_.emplace(domain).second;
}

std::shared_ptr<const throttle::Limits> NamedDomains::resolve(throttle::PolicySet& policies,
                                                              const LaneRoll& lanes, throttle::Subject path,
                                                              Instant now) {
  std::shared_ptr<const throttle::Limits> base;
  do {
    look(policies);
    base = policies.resolve(path, now);
  } while (base->generation != generation_);  // changed between the two
  std::erase_if(here_, [&](const auto& domain) { return !known_->named.contains(domain); });
  if (!known_->named.empty()) {
    for (const auto* lane : lanes.all()) (void)note(policies, lane->lane.domain);
  }
  if (here_.empty() && !known_->each) return base;
  auto out = std::make_shared<throttle::Limits>(*base);  // shared: as the memo's answers are
  out->connection.clear();
  out->messages_per_connection = UINT32_MAX;
  const auto add = [&](std::string_view domain) {
    path[throttle::Dimension::domain] = domain;
    const auto more = policies.resolve(path, now);
    for (auto* limit : more->connection) {
      if (std::ranges::find(out->connection, limit) == out->connection.end())
        out->connection.push_back(limit);
    }
    out->pins.insert(out->pins.end(), more->pins.begin(), more->pins.end());
    out->messages_per_connection = std::min(out->messages_per_connection, more->messages_per_connection);
  };
  for (const auto& domain : here_) add(domain);
  if (here_.empty()) add(path[throttle::Dimension::site]);
  return out;
}

}  // namespace sluice::delivery
