// Complaints: ARF (RFC 5965, 6591, 6650), with the recipient redacted or not, and the forms before it
// (Microsoft JMRP). One result per recipient; one without an address when the report hides it, because our
// token in the original message may still name it.
#pragma once

#include <optional>

#include "engine/feedback/result.hpp"

namespace sluice::feedback {

/// Nothing when the message is no complaint.
[[nodiscard]] std::optional<std::vector<Result>> parse_complaint(const MimeMessage& message,
                                                                 const OriginalMessage& original,
                                                                 std::size_t limit);

}  // namespace sluice::feedback
