#include "engine/base/html_text.hpp"

#include <fmt/format.h>

#include "engine/base/json_text.hpp"

namespace sluice {
namespace {

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '&':
      out += "&amp;";
      return;
    case '<':
      out += "&lt;";
      return;
    case '>':
      out += "&gt;";
      return;
    case '"':
      out += "&quot;";
      return;
    case '\'':
      out += "&#39;";
      return;
    case '\n':
      out += '\n';
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  } else {
    out += c;
  }
}

/// Not within a character: what is left of it would show as damage.
std::string_view cut_at(std::string_view text, std::size_t limit) {
  text = text.substr(0, limit);
  for (int i = 0; i < 3 && !text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80; ++i) {
    text.remove_suffix(1);
  }
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string html_text(std::string_view text, std::size_t limit) {
  std::string out;
  const bool cut = text.size() > limit;
  if (cut) text = cut_at(text, limit);
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 1) {
      append_ascii(out, text[0]);
    } else if (length > 1) {
      out += text.substr(0, length);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  if (cut) out += "…";
  return out;
}

}  // namespace sluice
