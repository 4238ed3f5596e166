// The message a report is about: its header, wherever the report put it.
#pragma once

#include "engine/feedback/result.hpp"

namespace sluice::feedback {

/// From the attached message, the text/rfc822-headers part, or `quoted` (split_notice), in this order.
[[nodiscard]] OriginalMessage original_of(const MimeMessage& report, std::string_view quoted);

}  // namespace sluice::feedback
