#include "engine/message/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice::message {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kHex[] = "0123456789ABCDEF";
constexpr std::string_view kSoftBreak = "=\r\n";
constexpr std::size_t kBytesPerLine = kEncodedLineColumns / 4 * 3;

constexpr auto kDigitValue = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 64; ++i) table[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  return table;
}();

char* write_base64(char* to, const unsigned char* from, std::size_t n) {
  for (; n >= 3; n -= 3, from += 3, to += 4) {
    const std::uint32_t v = (std::uint32_t{from[0]} << 16) | (std::uint32_t{from[1]} << 8) | from[2];
    to[0] = kDigits[v >> 18];
    to[1] = kDigits[(v >> 12) & 63];
    to[2] = kDigits[(v >> 6) & 63];
    to[3] = kDigits[v & 63];
  }
  if (n == 0) return to;
  const std::uint32_t v = (std::uint32_t{from[0]} << 16) | (n == 2 ? std::uint32_t{from[1]} << 8 : 0U);
  to[0] = kDigits[v >> 18];
  to[1] = kDigits[(v >> 12) & 63];
  to[2] = n == 2 ? kDigits[(v >> 6) & 63] : '=';
  to[3] = '=';
  return to + 4;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_break(char c) { return c == '\r' || c == '\n'; }

// Bytes quoted-printable writes as they are; blank space, '.' and 'F' depend on where they stand.
constexpr auto kPlain = [] {
  std::array<bool, 256> table{};
  for (int c = 0x21; c <= 0x7e; ++c) table[static_cast<std::size_t>(c)] = c != '=';
  return table;
}();

struct QuotedLine {
  char* to;
  std::size_t column = 0;

  void soft_break() {
    *to++ = '=';
    hard_break();
  }
  void hard_break() {
    *to++ = '\r';
    *to++ = '\n';
    column = 0;
  }
  // One column stays free for the '=' of a soft break.
  void make_room(std::size_t width) {
    if (column + width > kEncodedLineColumns - 1) soft_break();
  }
  void plain(char c) {
    make_room(1);
    *to++ = c;
    ++column;
  }
  void escaped(unsigned char c) {
    make_room(3);
    *to++ = '=';
    *to++ = kHex[c >> 4];
    *to++ = kHex[c & 15];
    column += 3;
  }
};

void write_char(QuotedLine& line, std::string_view rest) {
  const char c = rest[0];
  line.make_room(1);
  const bool at_start = line.column == 0;
  if (is_blank(c) ? rest.size() > 1 && is_break(rest[1]) : !kPlain[static_cast<unsigned char>(c)])
    return line.escaped(static_cast<unsigned char>(c));
  if (at_start && (c == '.' || (c == 'F' && rest.starts_with("From "))))
    return line.escaped(static_cast<unsigned char>(c));
  line.plain(c);
}

void encode_from_column(std::string& out, std::size_t column, std::string_view text) {
  if (text.empty()) return;
  const auto old = out.size();
  // Worst case: every byte escaped, 25 of them a line, three bytes of soft break each.
  const auto bound = old + text.size() * 3 + (text.size() / 25 + 2) * 3;
  out.resize_and_overwrite(bound, [&](char* at, std::size_t) {
    QuotedLine line{at + old, column};
    while (!text.empty()) {
      if (is_break(text[0])) {
        line.hard_break();
        text.remove_prefix(text.starts_with("\r\n") ? 2 : 1);
      } else {
        write_char(line, text);
        text.remove_prefix(1);
      }
    }
    if (line.column > 0) line.soft_break();
    return static_cast<std::size_t>(line.to - at);
  });
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const auto old = out.size();
  // libstdc++ 12 hands the callable the grown capacity, not the size asked for.
  out.resize_and_overwrite(old + (bytes.size() + 2) / 3 * 4, [&](char* at, std::size_t) {
    const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
    return static_cast<std::size_t>(write_base64(at + old, from, bytes.size()) - at);
  });
}

void append_base64_lines(std::string& out, std::string_view bytes) {
  const auto lines = (bytes.size() + kBytesPerLine - 1) / kBytesPerLine;
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4 + lines * 2);
  while (!bytes.empty()) {
    append_base64(out, bytes.substr(0, kBytesPerLine));
    out += "\r\n";
    bytes.remove_prefix(std::min(kBytesPerLine, bytes.size()));
  }
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    if (is_blank(c) || is_break(c)) continue;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    const auto value = kDigitValue[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    if (++digits < 4) continue;
    out.push_back(static_cast<char>(bits >> 16));
    out.push_back(static_cast<char>(bits >> 8));
    out.push_back(static_cast<char>(bits));
    bits = 0;
    digits = 0;
  }
  if (digits == 0) return padding == 0 ? std::optional(std::move(out)) : std::nullopt;
  if (digits == 1 || padding != 4 - digits) return std::nullopt;
  out.push_back(static_cast<char>(digits == 2 ? bits >> 4 : bits >> 10));
  if (digits == 3) out.push_back(static_cast<char>(bits >> 2));
  return out;
}

void append_quoted_printable(std::string& out, std::string_view text) { encode_from_column(out, 0, text); }

void join_quoted_printable(std::string& out, std::string_view text) {
  if (text.empty()) return;
  if (!out.ends_with(kSoftBreak)) return encode_from_column(out, 0, text);
  const auto end = out.size() - kSoftBreak.size();
  const auto column = end == 0 ? 0 : end - (out.rfind('\n', end - 1) + 1);
  // What may stand before a soft break may not end a line (a blank), or start one ("From" before " x").
  const bool apart = is_break(text[0]) || (text[0] == ' ' && column == 4);
  if (!apart) out.resize(end);
  encode_from_column(out, apart ? 0 : column, text);
}

void trim_soft_break(std::string& out, std::size_t from) {
  const auto n = kSoftBreak.size();
  if (out.size() < from + n || !out.ends_with(kSoftBreak)) return;
  if (out.size() > from + n && is_blank(out[out.size() - n - 1])) return;
  out.resize(out.size() - n);
}

}  // namespace sluice::message
