// Which limits a destination meets, and the file and line each value comes from.
#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::app {

/// One limit that holds.
struct LimitOrigin {
  std::string what;    ///< "connections", "message_rate" …
  std::string value;   ///< as the limit prints it
  std::string policy;  ///< "provider google", "[delivery]", a [[policy]]'s name
  std::string from;    ///< "/etc/sluice/sluice.toml:12", "providers.toml:31 (shipped)" or "default"
  std::string source;  ///< a provider's: where its numbers come from
};

/// Every limit that mail of the subject meets, tightest or not: all must grant.
[[nodiscard]] std::vector<LimitOrigin> origins_of(throttle::PolicySet& policies,
                                                  const std::vector<throttle::PolicyOptions>& options,
                                                  const config::Loaded& loaded,
                                                  const throttle::Subject& subject, Instant now);

/// Where the key stands: "file:line", or "default".
[[nodiscard]] std::string place_of(const config::Loaded& loaded, const std::string& key);

}  // namespace sluice::app
