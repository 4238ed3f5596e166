// Domain and host names in the one form everything here compares by: lower-case ASCII, no trailing dot.
//
// Names come from strangers twice: as the domain of a recipient and inside DNS answers. Whatever passes here
// is safe to print, to use as a key and to put on an SMTP line. Internationalised domains must arrive as
// A-labels. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::dns {

inline constexpr std::size_t kMaxNameLength = 253;  ///< without the trailing dot (RFC 1035 §2.3.4)
inline constexpr std::size_t kMaxLabelLength = 63;

/// A recipient's domain: letters, digits and inner hyphens (RFC 5321 §4.1.2), not all digits in the last
/// label. One trailing dot is dropped. invalid_input says which label is wrong.
[[nodiscard]] Expected<std::string> canonical_domain(std::string_view text);

/// A mail host's name: as above, and '_' is tolerated because hosts in use have it.
[[nodiscard]] Expected<std::string> canonical_host(std::string_view text);

/// The uncompressed name at the start of `wire`, dotted, lower-case, "." for the root; `used` is set to its
/// length. Nothing when it is cut off, compressed, too long, or a label holds a byte that is not printable
/// ASCII or is a dot.
[[nodiscard]] std::optional<std::string> name_from_wire(std::string_view wire, std::size_t& used);

}  // namespace sluice::dns
