// From what a person wrote of shaping to what its engine takes. Pure; the Config has passed load().
#pragma once

#include "config/config.hpp"
#include "engine/shaping/rule.hpp"

namespace sluice::config {

/// The rules and controllers that are enabled; none when [shaping] is not.
[[nodiscard]] shaping::Options shaping_options(const Config& from);

/// What load() cannot see key by key: conditions, patterns, durations against each other.
[[nodiscard]] Expected<> check_rule(const ShapingRule& rule);
[[nodiscard]] Expected<> check_controller(const ShapingController& controller);

}  // namespace sluice::config
