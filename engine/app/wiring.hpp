// From the configuration to the options of a running service.
#pragma once

#include "config/config.hpp"
#include "engine/control/service.hpp"

namespace sluice::app {

/// `config` has passed load(). Fails where a value only makes sense with the machine at hand (its host name).
[[nodiscard]] Expected<control::ServiceOptions> service_options(const config::Config& config);

/// This machine's name, for EHLO where the configuration names none.
[[nodiscard]] std::string host_name();

}  // namespace sluice::app
