// From a [[webhook]] to what the module takes, and what is wrong with one. The Config has passed the ranges.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "engine/webhook/options.hpp"

namespace sluice::config {

[[nodiscard]] std::vector<webhook::EndpointOptions> endpoint_options(const Config& from);

/// Key and what is wrong with it. With `files` the secrets are read.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> webhook_problems(const Webhook& from,
                                                                                bool files);

}  // namespace sluice::config
