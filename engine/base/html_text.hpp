// Text from outside on its way into a page. Invalid UTF-8 and control bytes become a visible \xNN; nothing is
// dropped and nothing can leave the place it is put in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// For element content and quoted attributes: & < > " ' escaped, line ends kept. At most `limit` bytes of
/// input, then "…".
[[nodiscard]] std::string html_text(std::string_view text, std::size_t limit = 1000);

}  // namespace sluice
