// JSON string escaping for the hot writers (events, lists). Whole documents are Boost.JSON's.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// Appends `text` quoted. Bytes that are no UTF-8 become visible as the text \xNN, so the line is always
/// valid JSON and nothing is hidden; control characters and U+2028/2029 are escaped.
void append_json_string(std::string& out, std::string_view text);

/// Length of the valid UTF-8 sequence at the start of `text` (1-4), or 0 when its first byte starts none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace sluice
