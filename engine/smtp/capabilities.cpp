#include "engine/smtp/capabilities.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace sluice::smtp {
namespace {

bool same_word(std::string_view a, std::string_view upper) {
  return a.size() == upper.size() && std::equal(a.begin(), a.end(), upper.begin(), [](char x, char y) {
           return (x >= 'a' && x <= 'z' ? static_cast<char>(x - 'a' + 'A') : x) == y;
         });
}

/// Cuts the first run of non-space bytes off `rest`; empty at the end.
std::string_view next_word(std::string_view& rest) {
  const auto begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return rest = {};
  const auto end = std::min(rest.find_first_of(" \t", begin), rest.size());
  const auto word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

void add_mechanism(Capabilities& out, std::string_view word) {
  if (same_word(word, "PLAIN")) out.auth_plain = true;
  if (same_word(word, "LOGIN")) out.auth_login = true;
}

void add_line(Capabilities& out, std::string_view line) {
  const auto keyword = next_word(line);
  if (same_word(keyword, "PIPELINING")) out.pipelining = true;
  if (same_word(keyword, "8BITMIME")) out.eight_bit_mime = true;
  if (same_word(keyword, "SMTPUTF8")) out.smtp_utf8 = true;
  if (same_word(keyword, "STARTTLS")) out.starttls = true;
  if (same_word(keyword, "CHUNKING")) out.chunking = true;
  if (same_word(keyword, "DSN")) out.dsn = true;
  if (same_word(keyword, "ENHANCEDSTATUSCODES")) out.enhanced_status = true;
  if (same_word(keyword, "SIZE")) {
    const auto word = next_word(line);
    std::uint64_t size = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), size);
    out.size = true;
    out.max_size = parsed.ec == std::errc() && parsed.ptr == word.data() + word.size() ? size : 0;
  }
  if (same_word(keyword, "AUTH")) {
    for (auto word = next_word(line); !word.empty(); word = next_word(line)) add_mechanism(out, word);
  } else if (keyword.size() > 5 && same_word(keyword.substr(0, 5), "AUTH=")) {  // before RFC 4954
    add_mechanism(out, keyword.substr(5));
    for (auto word = next_word(line); !word.empty(); word = next_word(line)) add_mechanism(out, word);
  }
}

}  // namespace

Capabilities Capabilities::parse(const message::Reply& ehlo) {
  Capabilities out;
  std::string_view rest = ehlo.text;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    rest.remove_prefix(end + 1);  // the first line is the server's name
    add_line(out, rest.substr(0, rest.find('\n')));
  }
  return out;
}

}  // namespace sluice::smtp
