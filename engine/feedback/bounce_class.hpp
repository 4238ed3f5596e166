// One vocabulary for why mail was not delivered (FACTS of the trade, 4). The names stand in events, in rule
// files and in reports: they are stable; a value may be added, never renamed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::feedback {

enum class BounceClass : std::uint8_t {
  none,               ///< delivered, or nothing to say
  invalid_recipient,  ///< 5.1.1: suppress the address
  invalid_domain,     ///< NXDOMAIN, null MX, 5.1.2
  inactive,           ///< 5.2.1: disabled
  mailbox_full,       ///< x.2.2
  too_large,          ///< 5.3.4, 552
  policy,             ///< 5.7.x: says nothing about the address
  spam_content,
  blocklist,  ///< names a DNSBL: a fault of the source
  rate_limit,
  greylist,
  auth_failure,  ///< 535, 5.7.8
  protocol,      ///< 500-504, 5.5.x, or a reply that breaks the protocol
  network,
  tls,
  dns,
  content,  ///< our own message could not be made or may not be sent
  expired,
  other,
};

inline constexpr std::size_t kBounceClasses = 19;

/// By value of the enumeration; the first is "".
inline constexpr std::array<std::string_view, kBounceClasses> kBounceClassNames{
    "",           "invalid-recipient", "invalid-domain",
    "inactive",   "mailbox-full",      "too-large",
    "policy",     "spam-content",      "blocklist",
    "rate-limit", "greylist",          "auth-failure",
    "protocol",   "network",           "tls",
    "dns",        "content",           "expired",
    "other"};

/// As in events: "invalid-recipient".
[[nodiscard]] constexpr std::string_view name_of(BounceClass bounce_class) {
  return kBounceClassNames[static_cast<std::size_t>(bounce_class)];
}

/// Nothing for a word that is no class; "" is none's.
[[nodiscard]] std::optional<BounceClass> bounce_class_of(std::string_view name);

}  // namespace sluice::feedback
