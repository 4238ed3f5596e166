// Making a substituted value safe for the place it goes to. Each appends to `out` and never fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::message {

enum class Escape : std::uint8_t {
  none,
  html,    ///< & < > " ' as entities: safe in element text and in quoted attributes
  url,     ///< percent-encoding: all but RFC 3986 unreserved bytes
  header,  ///< CR, LF and NUL as a space
};

void append_escaped(Escape escape, std::string_view value, std::string& out);

/// True when append_escaped would append `value` as it is.
[[nodiscard]] bool passes_unchanged(Escape escape, std::string_view value);

}  // namespace sluice::message
