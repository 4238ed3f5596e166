// Limits of connections that go by a domain, at the site its mail goes to: a connection carries mail of every
// domain of the site, so from a named domain's first lane there on, its limits hold for all of the site's
// connections. "*" is each site's own, where no domain of it is named.
//
// One owner thread, the worker's. Bounded by the policies and overrides that name a domain.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "engine/delivery/lane_state.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::delivery {

class NamedDomains {
 public:
  /// A lane of the domain came. True: connections have other limits from now on.
  [[nodiscard]] bool note(const throttle::PolicySet& policies, std::string_view domain);

  /// The limits of a path, its connections' by the named domains of the lanes that are here.
  [[nodiscard]] std::shared_ptr<const throttle::Limits> resolve(throttle::PolicySet& policies,
                                                                const LaneRoll& lanes, throttle::Subject path,
                                                                Instant now);

 private:
  void look(const throttle::PolicySet& policies);

  std::shared_ptr<const throttle::ConnectionDomains> known_;
  std::uint64_t generation_ = 0;  ///< of known_
  std::set<std::string, std::less<>> here_;
};

}  // namespace sluice::delivery
