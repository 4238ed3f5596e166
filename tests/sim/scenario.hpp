// What a seed means: domains and the sites behind them, how their receivers behave, sources, policies, and
// the engine's limits, small enough that the simulation meets every one of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/delivery/options.hpp"
#include "queue/queue.hpp"
#include "tests/sim/world.hpp"
#include "throttle/policy.hpp"

namespace sluice::sim {

/// How a site's receivers take mail. Probabilities of an attempt, times of a reply.
struct Habits {
  Micros reply_least{2'000};
  Micros reply_most{40'000};
  double slow = 0;          ///< a reply takes seconds
  double refused = 0;       ///< connections
  double greets_421 = 0;    ///< connections
  double defers = 0;        ///< 4xx to RCPT
  double greylists = 0;     ///< first attempts
  double bounces = 0;       ///< 5xx
  double says_421 = 0;      ///< to RCPT, and leaves
  double loses_early = 0;   ///< the connection, before the final dot
  double loses_answer = 0;  ///< the connection, after the final dot: the message may have been taken
  double leaves_idle = 0;   ///< closes a connection that is not used, or was used before
  std::size_t most_connections = 1000;
};

struct SimSite {
  std::string name;  ///< host name and site key
  Habits habits;
  Instant down_until{};  ///< true time
};

struct SimDomain {
  std::string name;
  std::size_t site = 0;
  enum class Dns { good, slow, unknown, failing } dns = Dns::good;
};

struct Scenario {
  explicit Scenario(World& world);

  std::vector<SimSite> sites;  ///< the first `giants` are giants, one domain each
  std::vector<SimDomain> domains;
  std::map<std::string, std::size_t, std::less<>> domain_of;  ///< name -> index
  std::size_t giants = 0;
  std::size_t tenants = 0;
  std::size_t backlog = 0;  ///< recipients queued at a time, about
  delivery::Options delivery;
  queue::Options queue;
  std::vector<throttle::PolicyOptions> policies;

  [[nodiscard]] std::size_t site_of(std::string_view site_name) const;

 private:
  void make_sites(World& world);
  void make_domains(World& world);
  void make_policies(World& world);
  void make_engine(World& world);
};

}  // namespace sluice::sim
