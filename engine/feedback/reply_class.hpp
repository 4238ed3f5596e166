// One vocabulary for why mail was not delivered, and the class of a server's reply. FACTS of the trade: the
// enhanced code says more than the reply code, and the words say more than both.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/message/reply.hpp"

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

/// As in events: "invalid-recipient".
[[nodiscard]] std::string_view name_of(BounceClass bounce_class);

/// The class of a 4xx or 5xx reply; `none` for a positive one.
[[nodiscard]] BounceClass classify(const message::Reply& reply);

}  // namespace sluice::feedback
