// Groups of `Name: value` lines as delivery-status and feedback-report parts have them (RFC 3464 2.1, RFC
// 5965 3.1), also where they stand in running text.
#pragma once

#include <string_view>
#include <vector>

#include "engine/feedback/mime_message.hpp"

namespace sluice::feedback {

using FieldBlock = std::vector<HeaderField>;

/// Blocks are separated by empty lines; folded lines are joined by a blank; lines that are no field are
/// passed over. At most `blocks` blocks of `fields` fields come out. Names are lower case.
[[nodiscard]] std::vector<FieldBlock> parse_fields(std::string_view text, std::size_t blocks = 2000,
                                                   std::size_t fields = 100);

/// True for "Name: …" with a name of letters, digits, '-' and '_'.
[[nodiscard]] bool is_field_line(std::string_view line);

/// Cuts the next line off `rest`; without its CR and LF.
[[nodiscard]] std::string_view take_line(std::string_view& rest);

/// Without blanks at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// ASCII lower case; other bytes as they are.
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace sluice::feedback
