// Percent-encoding of URLs (RFC 3986 2.1). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

/// %XX for everything outside the unreserved set: for path segments and query values.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Nothing when an escape is broken or hides a NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace sluice::http
