// Text from outside on its way into JSON; into pages it goes by html_text(). Invalid UTF-8 becomes a visible
// \xNN; nothing is dropped and nothing can leave the place it is put in.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/html_text.hpp"

namespace sluice::campaign {

/// Appends `"text"` as a JSON string. Control characters are escaped as JSON does; only invalid UTF-8 becomes
/// \xNN.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice::campaign
