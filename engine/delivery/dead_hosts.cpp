#include "engine/delivery/dead_hosts.hpp"

#include <algorithm>

namespace sluice::delivery {
namespace {

/// A host that has been left out and not tried again for so long is forgotten, with its count of failures.
constexpr std::chrono::seconds kForgetAfter{3600};

}  // namespace

void DeadHosts::forget(std::map<Host, Entry>::iterator at) {
  by_end_.erase({at->second.until, at->first});
  hosts_.erase(at);
}

void DeadHosts::make_room(Instant now) {
  while (!by_end_.empty()) {
    const auto& [until, host] = *by_end_.begin();
    if (hosts_.size() < options_.max_hosts && until + kForgetAfter > now) return;
    forget(hosts_.find(host));
  }
}

void DeadHosts::failed(const Host& host, Instant now) {
  auto at = hosts_.find(host);
  if (at == hosts_.end()) {
    make_room(now);
    at = hosts_.try_emplace(host).first;
  }
  auto& entry = at->second;
  if (entry.failures > 0 && now < entry.until) return;  // tried at the same time: one failure
  by_end_.erase({entry.until, host});
  const Micros wait = options_.first * (1LL << std::min(entry.failures, 10U));
  entry.until = now + std::min<Micros>(wait, options_.most);
  ++entry.failures;
  by_end_.emplace(entry.until, host);
}

void DeadHosts::worked(const Host& host) {
  if (hosts_.empty()) return;
  if (const auto at = hosts_.find(host); at != hosts_.end()) forget(at);
}

bool DeadHosts::dead(const Host& host, Instant now) const {
  if (hosts_.empty()) return false;
  const auto at = hosts_.find(host);
  return at != hosts_.end() && now < at->second.until;
}

}  // namespace sluice::delivery
