// Text from outside on its way into JSON and HTML. Invalid UTF-8 and control bytes become a visible \xNN;
// nothing is dropped and nothing can leave the place it is put in.
#pragma once

#include <string>
#include <string_view>

namespace sluice::campaign {

/// Appends `"text"` as a JSON string. Control characters are escaped as JSON does; only invalid UTF-8 becomes
/// \xNN.
void append_json_string(std::string& out, std::string_view text);

/// For element content and quoted attributes: & < > " ' escaped. At most `limit` bytes of input, then "…".
[[nodiscard]] std::string html_text(std::string_view text, std::size_t limit = 1000);

}  // namespace sluice::campaign
