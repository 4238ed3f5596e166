// From what a person wrote to what the modules take. Pure; the Config has passed load().
#pragma once

#include <vector>

#include "config/config.hpp"
#include "engine/campaign/limits.hpp"
#include "queue/stream.hpp"
#include "throttle/policy.hpp"

namespace sluice::http {
struct ServerOptions;  // their headers bring Asio along, and verbs need only the bounds of a campaign
}
namespace sluice::smtp {
struct ServerOptions;
}

namespace sluice::config {

[[nodiscard]] campaign::DirectoryLimits directory_limits(const CampaignLimits& from);

/// Every [[policy]] and every [[tenant]] with a rate; as fallbacks what is known of providers; and behind
/// those, for each (source, site), what [delivery] says.
[[nodiscard]] std::vector<throttle::PolicyOptions> policy_options(const Config& from);

/// Of every [[tenant]].
[[nodiscard]] queue::TenantWeights tenant_weights(const Config& from);

[[nodiscard]] http::ServerOptions http_options(const Http& from);

/// `hostname` is used where neither the listener nor [delivery] names one.
[[nodiscard]] smtp::ServerOptions server_options(const Listener& from, const Delivery& delivery,
                                                 const std::string& hostname);
[[nodiscard]] smtp::ServerOptions server_options(const Bounce& from, const Delivery& delivery,
                                                 const std::string& hostname);

}  // namespace sluice::config
