// RFC 3464: what a message/delivery-status part says of each recipient, also where the same fields stand in
// running text because the sender built no proper report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/message/reply.hpp"

namespace sluice::feedback {

struct RecipientStatus {
  std::string final_recipient;  ///< "" when the field holds no address
  std::string original_recipient;
  std::string action;  ///< lower case, first word
  message::EnhancedCode status;
  std::string remote_mta;  ///< host name
  std::string diagnostic;  ///< without its type
  bool from_smtp = false;  ///< the diagnostic's type is smtp

  /// The address that failed: the final one, or the original where that is none (a command, a source route).
  [[nodiscard]] const std::string& recipient() const {
    return final_recipient.empty() ? original_recipient : final_recipient;
  }
};

/// In the order of the report, at most `limit`; blocks without a recipient field are passed over.
[[nodiscard]] std::vector<RecipientStatus> parse_delivery_status(std::string_view text, std::size_t limit);

/// Has the fields in its text: "Final-Recipient:" or "Original-Recipient:" at the start of a line.
[[nodiscard]] bool has_delivery_status(std::string_view text);

}  // namespace sluice::feedback
