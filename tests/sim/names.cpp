#include "tests/sim/names.hpp"

namespace sluice::sim {

using namespace std::chrono_literals;
using Dns = SimDomain::Dns;

const SimDomain& Names::find(std::string_view domain) const {
  return scenario_.domains[scenario_.domain_of.find(domain)->second];
}

dns::RouteResult Names::answer(const SimDomain& domain) const {
  if (domain.dns == Dns::unknown)
    return std::unexpected(
        dns::RouteFailure{true, dns::FailureClass::invalid_domain, "5.1.2", "no such domain"});
  if (domain.dns == Dns::failing && !calm_)
    return std::unexpected(dns::RouteFailure{false, dns::FailureClass::dns, "4.4.3", "no answer"});
  auto plan = std::make_shared<dns::MxPlan>();  // shared: as the router's plans are
  plan->site = scenario_.sites[domain.site].name;
  plan->hosts.push_back({plan->site, 10, false});
  const net::asio::ip::address_v4 address(0x0a000000U + static_cast<std::uint32_t>(domain.site));
  plan->endpoints.push_back({address, 25, 0});
  plan->expires = Instant::max();
  return plan;
}

std::optional<dns::RouteResult> Names::cached(std::string_view name, Instant) {
  const auto& domain = find(name);
  if (domain.dns == Dns::slow) {
    const auto known = known_.find(name);
    if (known == known_.end() || known->second < world_.now) return std::nullopt;
  }
  return answer(domain);
}

net::Task<dns::RouteResult> Names::resolve(std::string name, net::Deadline) {
  std::uint64_t sleeper = 0;
  const auto wait = world_.wait_between(1ms, 1500ms);
  const bool slept = co_await sleepers_.sleep(wait, &sleeper);
  if (!slept)
    co_return std::unexpected(dns::RouteFailure{false, dns::FailureClass::dns, "4.4.3", "cancelled"});
  known_[name] = world_.now + 30s;
  co_return answer(find(name));
}

}  // namespace sluice::sim
