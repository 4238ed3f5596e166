// Checks one value against its field: range, and the shape of a text. Pure; errors say what would be right.
#pragma once

#include "config/load.hpp"
#include "config/schema.hpp"

namespace sluice::config {

/// "`smtp_port` in [delivery]".
[[nodiscard]] std::string name_in(const Section& section, std::string_view key);
/// "1 to 65535", "100ms to 2m", with the unit; "" when everything is allowed.
[[nodiscard]] std::string range_text(const Field& field, const Value& like);

/// The error's text is complete: it names the key.
[[nodiscard]] Expected<> check_value(const Section& section, const Field& field, const Value& value,
                                     const LoadOptions& options);

}  // namespace sluice::config
