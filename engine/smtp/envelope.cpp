#include "engine/smtp/envelope.hpp"

#include <cstddef>

namespace sluice::smtp {

std::string_view name_of(LocalFailure failure) {
  switch (failure) {
    case LocalFailure::none:
      return "none";
    case LocalFailure::too_large:
      return "too-large";
    case LocalFailure::utf8_not_offered:
      return "utf8-not-offered";
    case LocalFailure::eight_bit_not_offered:
      return "eight-bit-not-offered";
    case LocalFailure::illegal_message:
      return "illegal-message";
    case LocalFailure::illegal_address:
      return "illegal-address";
    case LocalFailure::too_many_recipients:
      return "too-many-recipients";
  }
  return "?";
}

bool is_legal_path(std::string_view address, bool utf8_allowed) {
  constexpr std::size_t kMaxPath = 254;  // RFC 5321 §4.5.3.1.3: 256 with the brackets
  if (address.size() > kMaxPath) return false;
  bool quoted = false;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const auto byte = static_cast<unsigned char>(address[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte >= 0x80 && !utf8_allowed) return false;
    if (quoted && byte == '\\') {
      if (++i == address.size()) return false;
      const auto escaped = static_cast<unsigned char>(address[i]);
      if (escaped < 0x20 || escaped >= 0x7f) return false;
    } else if (byte == '"') {
      quoted = !quoted;
    } else if (!quoted && (byte == ' ' || byte == '<' || byte == '>' || byte == '\\')) {
      return false;
    }
  }
  return !quoted;
}

bool is_legal_ehlo_name(std::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  for (const char c : name) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return true;
}

}  // namespace sluice::smtp
