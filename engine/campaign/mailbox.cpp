#include "engine/campaign/mailbox.hpp"
#include <algorithm>
namespace sluice::campaign {
Expected<Mailbox> parse_mailbox(std::string_view text) {
  Mailbox out;
  std::string_view address = text;
  if (const auto open = text.rfind('<'); open != std::string_view::npos) {
    if (text.back() != '>') return fail(ErrorCode::invalid_input, "`" + visible(text) + "` lacks the closing '>'");
    address = text.substr(open + 1, text.size() - open - 2);
    auto name = text.substr(0, open);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    out.name = name;
  }
  const auto at = address.rfind('@');
  const bool spaces = std::any_of(address.begin(), address.end(), [](char c) { return c <= ' ' && c >= 0; });
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size() || spaces ||
      address.find('.', at) == std::string_view::npos) {
    return fail(ErrorCode::invalid_input, "`" + visible(text) + "` is no mailbox; write \"Name <name@example.test>\"");
  }
  out.address = address;
  return out;
}
}  // namespace sluice::campaign
