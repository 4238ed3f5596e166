// Reply code, enhanced code and stage, found in what a report says.
#pragma once

#include <string_view>

#include "engine/message/reply.hpp"

namespace sluice::feedback {

struct Codes {
  std::uint16_t code = 0;  ///< 400-599, or 0
  message::EnhancedCode enhanced;
};

/// The first of each in running text: "550 5.1.1 …", "(#5.1.1)", "550-5.7.26", "ERROR_CODE :550". Numbers
/// inside addresses, IPs and ids are none.
[[nodiscard]] Codes find_codes(std::string_view text);

/// "5.1.1 (unknown)" -> 5.1.1; absent when it starts otherwise.
[[nodiscard]] message::EnhancedCode enhanced_of(std::string_view status);

/// "rcpt", "dot" …: where the text says the refusal came, "" when it does not.
[[nodiscard]] std::string_view stage_in(std::string_view text);

}  // namespace sluice::feedback
