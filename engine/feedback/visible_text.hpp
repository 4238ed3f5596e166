// Text from outside as a person may see it: control bytes and bytes that are no UTF-8 become \xNN.
#pragma once

#include <string>
#include <string_view>

namespace sluice::feedback {

/// At most `limit` bytes of `untrusted` are kept, then "…".
[[nodiscard]] std::string visible_text(std::string_view untrusted, std::size_t limit);

}  // namespace sluice::feedback
