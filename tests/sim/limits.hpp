// The configured limits, kept a second time and in the plainest way: which policies match is worked out anew
// from what the operator wrote, rates are token counts in floating point. A grant beyond one ends the run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "queue/stream.hpp"
#include "tests/sim/scenario.hpp"

namespace sluice::delivery {
class Grants;
}

namespace sluice::sim {

class Limits {
 public:
  Limits(World& world, const Scenario& scenario) : world_(world), scenario_(scenario) {}

  /// The engine starts: its buckets are full, nothing is open.
  void reset();
  /// The policy is no more: if it comes back, its buckets are full.
  void forget(const std::string& policy);
  void opened(std::size_t site, const std::string& source);
  void closed(std::size_t site, const std::string& source);
  /// A worker's grants, and a mark of theirs; 0: what was taken is spent.
  using Mark = std::pair<const delivery::Grants*, std::uint64_t>;

  /// A message of the stream for the domain may go by the source.
  void granted(const queue::Stream& stream, std::string_view domain, std::string_view pool,
               const std::string& source, Mark mark);
  /// It did not go; what it took is there again.
  void given_back(Mark mark);
  /// An attempt begins at the site; it came to nothing before the receiver saw it.
  void begins(std::size_t site, const std::string& source);
  void takes_back(std::size_t site, const std::string& source);
  /// From now on nothing is granted to the source there ("": everywhere), or it is again.
  void suspend(const std::string& source, const std::string& provider, bool on);
  [[nodiscard]] std::set<std::pair<std::string, std::string>>& suspended() { return suspended_; }
  [[nodiscard]] std::string_view provider_of(std::size_t site) const { return site < 2 ? "giants" : ""; }

 private:
  using Policy = throttle::PolicyOptions;
  using RateOf = std::optional<throttle::Rate> Policy::*;
  struct Tokens {
    double left = 0;
    Instant at{};
  };

  [[nodiscard]] static bool matches(const throttle::Match& match, const throttle::Subject& subject);
  /// Those that match and set `member`; fallbacks only when they are alone.
  template <class T>
  [[nodiscard]] std::vector<const Policy*> in_force(const throttle::Subject& subject,
                                                    T Policy::* member) const;
  [[nodiscard]] static std::string key_of(const Policy& policy, const throttle::Subject& subject);
  void spend(const std::string& key, const throttle::Rate& rate, double slack);
  void spend(std::string key, const throttle::Rate& rate, Mark mark);

  World& world_;
  const Scenario& scenario_;
  std::map<std::string, Tokens> tokens_;
  std::map<Mark, std::vector<std::pair<std::string, throttle::Rate>>> taken_;  ///< what each mark took
  std::map<std::string, std::uint32_t> open_;
  std::set<std::pair<std::string, std::string>> suspended_;  ///< source, provider: kept through crashes
  std::map<std::string, std::uint64_t> attempts_;            ///< of sources that warm up; a run is one day
};

}  // namespace sluice::sim
