// Addresses as they stand in reports: found in running text, taken out of fields. Looser than
// message/address.hpp, because other systems' words are not ours to refuse.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::feedback {

struct FoundAddress {
  std::string_view text;   ///< local@domain, a view into the text given
  std::size_t at = 0;      ///< offset of its first byte
  bool bracketed = false;  ///< <local@domain>
};

/// At most `limit` addresses, in their order. "local" may be quoted; the domain has no blank and no '@'.
[[nodiscard]] std::vector<FoundAddress> find_addresses(std::string_view text, std::size_t limit);

/// The address in a field such as "rfc822; <a@b.test> (comment)", "\"Ann\" <a@b.test>" or "utf-8; a@b.test";
/// "" when there is none.
[[nodiscard]] std::string address_in(std::string_view field);

/// Equal but for the case of ASCII letters.
[[nodiscard]] bool same_address(std::string_view a, std::string_view b);

}  // namespace sluice::feedback
