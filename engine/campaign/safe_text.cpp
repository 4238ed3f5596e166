#include "engine/campaign/safe_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace sluice::campaign {
namespace {

/// Length of the valid UTF-8 character at the start of `text`, 0 when there is none.
std::size_t character_length(std::string_view text) {
  for (std::size_t n = 1; n <= std::min<std::size_t>(4, text.size()); ++n) {
    if (simdjson::validate_utf8(text.data(), n)) return n;
  }
  return 0;
}

void append_json_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
  } else {
    out += c;
  }
}

/// Calls `ascii`, `character` (a valid longer one) or `bad` (one byte) for all of `text`.
template <class Ascii, class Character, class Bad>
void each(std::string_view text, Ascii ascii, Character character, Bad bad) {
  while (!text.empty()) {
    std::size_t n = 1;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      ascii(text[0]);
    } else if (n = character_length(text); n > 0) {
      character(text.substr(0, n));
    } else {
      n = 1;
      bad(static_cast<unsigned char>(text[0]));
    }
    text.remove_prefix(n);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (plain) {
    out += text;
  } else {
    each(
        text, [&](char c) { append_json_ascii(out, c); }, [&](std::string_view c) { out += c; },
        [&](unsigned char byte) { out += fmt::format("\\\\x{:02x}", byte); });
  }
  out += '"';
}

}  // namespace sluice::campaign
