// A mail domain as it is written, and as the wire and the store want it: lower-case A-labels (RFC 5890),
// through libidn2 (UTS #46, non-transitional) for anything beyond plain ASCII.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::message {

inline constexpr std::size_t kMaxDomainBytes = 255;  ///< RFC 5321 4.5.3.1.2
inline constexpr std::size_t kMaxLabelBytes = 63;    ///< RFC 1035 2.3.4

/// Appends the normal form of `domain` to `out`. `single_label` allows names without a dot ("localhost").
/// Errors are a clause that fits behind "ann@x..y: "; `out` is then as before.
[[nodiscard]] Expected<> append_domain(std::string_view domain, bool single_label, std::string& out);

/// The form for people: U-labels where they differ and convert back; else `a_labels` itself.
[[nodiscard]] std::string display_domain(std::string_view a_labels);

}  // namespace sluice::message
