#include "engine/smtp/xtext.hpp"

namespace sluice::smtp {

void append_xtext(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '+' && c != '=') {
      out += c;
    } else {
      out.append(1, '+').append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 15U]);
    }
  }
}

}  // namespace sluice::smtp
