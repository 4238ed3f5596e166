// The trace header a door adds, and the loop it detects with those of others (RFC 5321 §4.4, §6.3).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/message/reply.hpp"
#include "engine/smtp/server_envelope.hpp"

namespace sluice::smtp {

/// Received headers a message may have before it is a loop; RFC 5321 §6.3 asks for at least 100 where a
/// server only guesses, but a door submitters talk to directly sees one or two.
inline constexpr std::size_t kMaxReceivedHeaders = 50;

/// `Received: from HELLO ([ADDRESS]) by HOST with ESMTPS id ID for <RCPT>; DATE`, folded, with its CRLF.
/// `for` only with a single recipient, so that none learns of another. The hello name has been through the
/// command parser: no CR, LF.
[[nodiscard]] std::string received_header(const Envelope& envelope, std::string_view host,
                                          std::string_view id, Instant at);

/// Received fields in the header of `content`, counting no further than `stop_at`. Any case; folded lines are
/// skipped.
[[nodiscard]] std::size_t count_received(std::string_view content,
                                         std::size_t stop_at = kMaxReceivedHeaders + 1);

/// 554 5.4.6 when `content` has more than `limit` Received fields.
[[nodiscard]] std::optional<message::Reply> refuse_loop(std::string_view content,
                                                        std::size_t limit = kMaxReceivedHeaders);

}  // namespace sluice::smtp
