// `send --test ADDRESS`: the campaign with its first good row alone, addressed to somebody else.
#pragma once

#include <map>
#include <string>

#include "config/config.hpp"
#include "engine/base/error.hpp"

namespace sluice::app {

struct TestCampaign {
  std::string id;  ///< the campaign's own with "-test-" and `stamp`: never mistaken for it
  std::map<std::string, std::string> instead;  ///< files for drop_campaign()
};

/// Sent at once: start and windows are left out. invalid_input: the directory is no campaign, or has no good
/// row.
[[nodiscard]] Expected<TestCampaign> make_test_campaign(const std::string& directory,
                                                        const std::string& address, const std::string& stamp,
                                                        const config::Config& config);

}  // namespace sluice::app
