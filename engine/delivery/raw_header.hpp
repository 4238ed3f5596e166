// The header of a message somebody else wrote, as far as a door must know it: is it one, what is missing, who
// is it from. Pure; views point into the content.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::delivery {

/// What a signer accepts (DkimOptions::max_header_fields), less the fields a door adds.
inline constexpr std::size_t kMaxRawFields = 240;

struct RawHeader {
  std::size_t bytes = 0;  ///< up to the body: field lines and the empty line
  bool date = false;
  bool message_id = false;
  bool from = false;
  bool non_ascii = false;   ///< a byte above 127 stands in the header
  std::string from_domain;  ///< lower-case A-labels; empty when From is absent or holds more than one mailbox
};

/// `content` is CRLF text. Fails (invalid_input, text for a reply) on lines that are no fields, several From
/// fields, and more than kMaxRawFields fields.
[[nodiscard]] Expected<RawHeader> read_raw_header(std::string_view content);

}  // namespace sluice::delivery
