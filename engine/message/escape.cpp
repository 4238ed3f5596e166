#include "engine/message/escape.hpp"

#include <array>

namespace sluice::message {

namespace {

using Table = std::array<bool, 256>;

constexpr bool unreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

constexpr Table table_of(Escape escape) {
  Table touched{};
  for (unsigned i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    switch (escape) {
      case Escape::none:
        break;
      case Escape::html:
        touched[i] = c == '&' || c == '<' || c == '>' || c == '"' || c == '\'';
        break;
      case Escape::url:
        touched[i] = !unreserved(c);
        break;
      case Escape::header:
        touched[i] = c == '\r' || c == '\n' || c == '\0';
        break;
    }
  }
  return touched;
}

/// By Escape: the bytes that are replaced.
constexpr std::array<Table, 4> kTouched = {table_of(Escape::none), table_of(Escape::html),
                                           table_of(Escape::url), table_of(Escape::header)};

void append_replacement(Escape escape, unsigned char c, std::string& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  if (escape == Escape::header) {
    out.push_back(' ');
  } else if (escape == Escape::url) {
    const char triplet[] = {'%', kHex[c >> 4], kHex[c & 15]};
    out.append(triplet, sizeof triplet);
  } else {
    switch (c) {
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      case '"':
        out.append("&quot;");
        break;
      default:
        out.append("&#39;");
        break;
    }
  }
}

}  // namespace

void append_escaped(Escape escape, std::string_view value, std::string& out) {
  const auto& touched = kTouched[static_cast<std::size_t>(escape)];
  std::size_t from = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (!touched[c]) continue;
    out.append(value, from, i - from);
    append_replacement(escape, c, out);
    from = i + 1;
  }
  out.append(value, from);
}

bool passes_unchanged(Escape escape, std::string_view value) {
  const auto& touched = kTouched[static_cast<std::size_t>(escape)];
  for (const char c : value) {
    if (touched[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

}  // namespace sluice::message
