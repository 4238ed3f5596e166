#include "engine/base/json_text.hpp"

#include <cstdint>

namespace sluice {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_control(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  std::uint32_t value = 0;
  std::uint32_t least = 0;
  if (first >= 0xc2 && first <= 0xdf)
    length = 2, value = first & 0x1f, least = 0x80;
  else if (first >= 0xe0 && first <= 0xef)
    length = 3, value = first & 0x0f, least = 0x800;
  else if (first >= 0xf0 && first <= 0xf4)
    length = 4, value = first & 0x07, least = 0x10000;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    value = (value << 6) | (byte(i) & 0x3f);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return value < least || value > 0x10ffff || surrogate ? 0 : length;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && plain(static_cast<unsigned char>(text[run]))) ++run;
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text[0]);
    const auto length = utf8_length(text);
    if (c < 0x80) {
      append_control(out, c);
      text.remove_prefix(1);
    } else if (length == 0) {
      out += "\\\\x";
      out += kHex[c >> 4];
      out += kHex[c & 15];
      text.remove_prefix(1);
    } else {
      const auto sequence = text.substr(0, length);
      if (sequence == "\xe2\x80\xa8")
        out += "\\u2028";
      else if (sequence == "\xe2\x80\xa9")
        out += "\\u2029";
      else
        out.append(sequence);
      text.remove_prefix(length);
    }
  }
  out += '"';
}

}  // namespace sluice
