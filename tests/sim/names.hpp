// Where the simulated domains' mail goes: the scenario's table instead of the DNS.
#pragma once

#include <map>
#include <string>

#include "engine/delivery/routes.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/sleepers.hpp"

namespace sluice::sim {

class Names final : public delivery::Routes {
 public:
  Names(World& world, const Scenario& scenario, Sleepers& sleepers)
      : world_(world), scenario_(scenario), sleepers_(sleepers) {}

  /// From now on every name that exists is answered.
  void calm() { calm_ = true; }
  /// A new engine knows no answers.
  void forget() { known_.clear(); }

  [[nodiscard]] std::optional<dns::RouteResult> cached(std::string_view domain, Instant now) override;
  net::Task<dns::RouteResult> resolve(std::string domain, net::Deadline deadline) override;

 private:
  [[nodiscard]] const SimDomain& find(std::string_view domain) const;
  [[nodiscard]] dns::RouteResult answer(const SimDomain& domain) const;

  World& world_;
  const Scenario& scenario_;
  Sleepers& sleepers_;
  std::map<std::string, Instant, std::less<>> known_;  ///< slow answers: until when
  bool calm_ = false;
};

}  // namespace sluice::sim
