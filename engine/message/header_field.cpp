#include "engine/message/header_field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/message/encoding.hpp"

namespace sluice::message {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";
constexpr std::string_view kWordStart[] = {"=?utf-8?Q?", "=?utf-8?B?"};
constexpr std::size_t kWordOverhead = 12;    // "=?utf-8?Q?" and "?="
constexpr std::size_t kMaxEncodedWord = 75;  // RFC 2047 2
constexpr std::size_t kEncodedLine = 76;     // RFC 2047 2: a line that holds an encoded word
constexpr std::size_t kMaxPlainWord = 900;   // a longer one is encoded, which can be folded
constexpr std::size_t kMaxFieldName = 76;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_printable(char c) { return c >= 0x20 && c <= 0x7e; }
bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
// RFC 2047 5 (3): what may stand for itself in a word of a phrase; good everywhere.
bool is_q_plain(char c) { return is_alnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/'; }
bool is_atom_char(char c) { return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c); }
// RFC 2231 7: attribute-char.
bool is_attribute_char(char c) { return is_alnum(c) || std::string_view("!#$&+-.^_`{|}~").contains(c); }

// Control bytes to spaces, invalid UTF-8 to U+FFFD.
std::string cleaned(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    const auto n = utf8_length(value);
    if (n == 0)
      out += kReplacement;
    else if (is_control(value[0]))
      out += ' ';
    else
      out += value.substr(0, n);
    value.remove_prefix(std::max<std::size_t>(n, 1));
  }
  return out;
}

bool all_printable(std::string_view value) {
  bool good = true;
  for (const char c : value) good &= is_printable(c);
  return good;
}

std::size_t longest_word(std::string_view value) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < value.size();) {
    const auto end = std::min(value.find(' ', at), value.size());
    longest = std::max(longest, end - at);
    at = end + 1;
  }
  return longest;
}

// Text a reader gives back unchanged when it stands there unencoded.
bool safe_as_text(std::string_view value) {
  if (value.empty()) return true;
  if (!all_printable(value) || value.front() == ' ' || value.back() == ' ') return false;
  if (value.contains("=?")) return false;
  return value.size() <= kMaxPlainWord || longest_word(value) <= kMaxPlainWord;
}

std::size_t q_width(std::string_view character) {
  return character.size() == 1 && (is_q_plain(character[0]) || character[0] == ' ') ? 1
                                                                                    : character.size() * 3;
}

std::size_t q_total(std::string_view value) {
  std::size_t total = 0;
  for (const char c : value) total += q_width({&c, 1});
  return total;
}

void append_q(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    if (c == ' ')
      out += '_';
    else if (is_q_plain(c))
      out += c;
    else
      out.append({'=', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]});
  }
}

// How many bytes of `value`, whole characters only, fit in `room` encoded columns; 0 when not even one does.
std::size_t fitting(std::string_view value, std::size_t room, bool base64) {
  std::size_t taken = 0;
  std::size_t width = 0;
  while (taken < value.size()) {
    const auto n = utf8_length(value.substr(taken));
    width = base64 ? (taken + n + 2) / 3 * 4 : width + q_width(value.substr(taken, n));
    if (width > room) break;
    taken += n;
  }
  return taken;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return n;
}

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxFieldName &&
         std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f && c != ':'; });
}

void append_date(std::string& out, Instant at) {
  static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at - day).count();
  const auto two = [&](auto value) {
    out += static_cast<char>('0' + value / 10);
    out += static_cast<char>('0' + value % 10);
  };
  out += kDays[std::chrono::weekday{day}.c_encoding()];
  out += ", ";
  two(static_cast<unsigned>(date.day()));
  out += ' ';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += ' ';
  const int year = static_cast<int>(date.year());
  two(year / 100 % 100);
  two(year % 100);
  out += ' ';
  two(seconds / 3600);
  out += ':';
  two(seconds / 60 % 60);
  out += ':';
  two(seconds % 60);
  out += " +0000";
}

FieldWriter::FieldWriter(std::string& out, std::string_view name)
    : out_(out), column_(name.size() + 2), name_columns_(name.size() + 2) {
  out_ += name;
  out_ += ": ";
}

void FieldWriter::raw(std::string_view ascii) {
  out_ += ascii;
  column_ += ascii.size();
}

void FieldWriter::date(Instant at) {
  append_date(out_, at);
  column_ += 31;
}

// Directly after the name there is nothing to gain from a fold, and a line of blanks would be left behind.
void FieldWriter::fold() {
  if (out_.back() == ' ') out_.pop_back();
  out_ += "\r\n ";
  column_ = 1;
}

void FieldWriter::token(std::string_view word) {
  const bool first = column_ == name_columns_ && out_.back() == ' ';
  const std::size_t gap = first ? 0 : 1;
  if (column_ + gap + word.size() > kFoldColumns && !(first && word.size() + 1 > kFoldColumns))
    fold();
  else if (gap == 1)
    raw(" ");
  raw(word);
}

void FieldWriter::text(std::string_view value) {
  if (safe_as_text(value)) return plain_text(value);
  encoded_words(value);
}

void FieldWriter::plain_text(std::string_view value) {
  if (column_ + value.size() <= kFoldColumns) return raw(value);
  while (!value.empty()) {
    // A word keeps the blanks before it: unfolding gives exactly the text back.
    const auto start = value.find_first_not_of(' ');
    const auto end = std::min(value.find(' ', start), value.size());
    if (start > 0 && column_ + end > kFoldColumns) {
      out_ += "\r\n";
      column_ = 0;
    }
    raw(value.substr(0, end));
    value.remove_prefix(end);
  }
}

void FieldWriter::encoded_words(std::string_view value) {
  const std::string clean = cleaned(value);
  std::string_view rest = clean;
  const bool base64 = (clean.size() + 2) / 3 * 4 < q_total(clean);
  for (bool first = true; !rest.empty(); first = false) {
    if (!first) fold();
    const auto line_room = kEncodedLine > column_ ? kEncodedLine - column_ : 0;
    const auto room = std::min(line_room, kMaxEncodedWord);
    auto n = room > kWordOverhead ? fitting(rest, room - kWordOverhead, base64) : 0;
    if (n == 0) {
      fold();
      n = fitting(rest, kMaxEncodedWord - kWordOverhead, base64);
    }
    const auto before = out_.size();
    out_ += kWordStart[base64 ? 1 : 0];
    if (base64)
      append_base64(out_, rest.substr(0, n));
    else
      append_q(out_, rest.substr(0, n));
    out_ += "?=";
    column_ += out_.size() - before;
    rest.remove_prefix(n);
  }
}

void FieldWriter::phrase(std::string_view name) {
  if (name.empty()) return;
  if (!safe_as_text(name) || name.size() > kFoldColumns) return encoded_words(name);
  const bool atoms =
      std::ranges::all_of(name, [](char c) { return is_atom_char(c) || c == ' '; }) && !name.contains("  ");
  if (atoms) return plain_text(name);
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  plain_text(quoted);
}

void FieldWriter::parameter(std::string_view name, std::string_view value) {
  raw(";");
  const bool plain = all_printable(value) && name.size() + value.size() + 5 <= kFoldColumns &&
                     !value.contains('"') && !value.contains('\\');
  if (!plain) return extended_parameter(name, value);
  std::string word(name);
  word += "=\"";
  word += value;
  word += '"';
  if (column_ + 1 + word.size() > kFoldColumns)
    fold();
  else
    raw(" ");
  raw(word);
}

void FieldWriter::extended_parameter(std::string_view name, std::string_view value) {
  const std::string clean = cleaned(value);
  std::string encoded;
  for (std::string_view rest = clean; !rest.empty(); rest.remove_prefix(1)) {
    if (is_attribute_char(rest[0]))
      encoded += rest[0];
    else
      encoded.append({'%', kHex[static_cast<unsigned char>(rest[0]) >> 4], kHex[rest[0] & 15]});
  }
  const auto single = name.size() + encoded.size() + 11;  // " name*=utf-8''" and ';'
  if (single <= kFoldColumns) {
    fold();
    return raw(fmt::format("{}*=utf-8''{}", name, encoded));
  }
  std::string_view rest = encoded;
  for (int section = 0; !rest.empty(); ++section) {
    fold();
    raw(fmt::format("{}*{}*={}", name, section, section == 0 ? "utf-8''" : ""));
    auto n = std::min(rest.size(), kFoldColumns - 1 - std::min(column_, kFoldColumns - 20));
    // An escape stays whole; characters may be split here (the sections are joined before decoding).
    if (n < rest.size()) n -= rest[n - 1] == '%' ? 1 : rest[n - 2] == '%' ? 2 : 0;
    raw(rest.substr(0, n));
    rest.remove_prefix(n);
    if (!rest.empty()) raw(";");
  }
}

}  // namespace sluice::message
