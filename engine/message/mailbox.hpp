// A From-type value: `Ann Example <ann@shop.test>`, `"Example, Ann" <ann@shop.test>` or `ann@shop.test` (RFC
// 5322 3.4), with UTF-8 names. One mailbox, no group, no list.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/message/address.hpp"

namespace sluice::message {

inline constexpr std::size_t kMaxMailboxBytes = 2048;

struct Mailbox {
  std::string display_name;  ///< decoded: without quotes and backslashes; may be empty; never CR, LF or NUL
  Address address;

  friend bool operator==(const Mailbox&, const Mailbox&) = default;
};

/// Comments in parentheses are dropped; encoded words stay as they are. Errors as parse_address gives them.
[[nodiscard]] Expected<Mailbox> parse_mailbox(std::string_view text, const AddressOptions& options = {});

}  // namespace sluice::message
