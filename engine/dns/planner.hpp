// One domain to its plan: static route, address literal or MX, with all lookups it takes. No caching of
// plans, no sharing of work, no other threads: that is the router's part.
#pragma once

#include <string>

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"
#include "engine/dns/mx_plan.hpp"
#include "engine/dns/resolver.hpp"
#include "engine/dns/route.hpp"
#include "engine/net/deadline.hpp"
#include "engine/net/task.hpp"

namespace sluice::dns {

struct PlannerOptions {
  PlanOptions plan;
  /// A plan lives as long as its shortest answer, within these two.
  std::chrono::seconds min_plan_ttl{5};
  std::chrono::seconds max_plan_ttl{3'600};
  /// At most, when the addresses of some host could not be found out.
  std::chrono::seconds incomplete_plan_ttl{60};
  /// Mail to user@[192.0.2.1] goes there; off: it is a permanent failure.
  bool address_literals = false;
};

/// What came out, and until when it holds; `expires` equal to the time of asking: do not keep it.
struct Resolved {
  Planned<PlanPtr> result;
  Instant expires{};
};

class Planner {
 public:
  /// `resolver` and `clock` must outlive the planner and its tasks. Owner: the resolver's thread.
  Planner(Resolver& resolver, const Clock& clock, PlannerOptions options, Random random);

  /// `domain` canonical or an address literal in brackets. `routes` is kept as long as the task.
  net::Task<Resolved> plan(std::string domain, std::shared_ptr<const RouteTable> routes,
                           net::Deadline deadline);

 private:
  struct Work;
  net::Task<Planned<HostSelection>> select(Work& work);
  net::Task<Planned<MxPlan>> add_addresses(Work& work, const HostSelection& selection);
  AnswerPtr take(Work& work, const Expected<Lookup>& lookup) const;

  Resolver& resolver_;
  const Clock& clock_;
  PlannerOptions options_;
  Random random_;
};

/// "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 §4.1.3); nothing for anything else.
[[nodiscard]] std::optional<Address> parse_address_literal(std::string_view domain);

}  // namespace sluice::dns
