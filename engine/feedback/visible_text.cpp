#include "engine/feedback/visible_text.hpp"

#include <fmt/format.h>

#include "engine/base/json_text.hpp"

namespace sluice::feedback {

std::string visible_text(std::string_view untrusted, std::size_t limit) {
  std::string out;
  std::size_t at = 0;
  while (at < untrusted.size()) {
    const auto rest = untrusted.substr(at);
    const auto length = utf8_length(rest);
    if (at + std::max<std::size_t>(length, 1) > limit) return out + "…";
    const auto byte = static_cast<unsigned char>(rest[0]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
      ++at;
    } else {
      out += rest.substr(0, length);
      at += length;
    }
  }
  return out;
}

}  // namespace sluice::feedback
