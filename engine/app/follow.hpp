// Watches one campaign until nothing more will happen to it: bars on a terminal, JSON lines elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "config/config.hpp"
#include "engine/app/verb.hpp"
#include "engine/http/client.hpp"

namespace sluice::app {

struct FollowOptions {
  std::chrono::milliseconds refresh{250};     ///< between two questions to the service
  std::chrono::milliseconds log_every{1000};  ///< between two JSON lines
  std::chrono::seconds acceptance{120};       ///< for the service to take the campaign; then exit 75
  std::chrono::seconds absence{60};           ///< the service may be away (a restart) this long; then exit 75
};

/// `name` is the directory in the spool. 0: every recipient delivered or suppressed and no row rejected; 1:
/// finished, but not so; 65: rejected, its reason printed; 75: gave up watching, the campaign goes on.
int follow_campaign(Context& context, const http::Client& service, const std::string& spool,
                    const std::string& name, const std::string& id, const FollowOptions& options = {});

}  // namespace sluice::app
