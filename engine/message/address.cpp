#include "engine/message/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>

namespace sluice::message {

namespace {

constexpr std::size_t kMaxInputBytes = 1024;  // U-labels may be longer than the A-labels they become
constexpr std::string_view kBlanks = " \t\r\n";

/// atext of RFC 5322 3.2.3.
constexpr std::array<bool, 256> kAtomByte = [] {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (const char c : std::string_view("!#$%&'*+-/=?^_`{|}~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

std::unexpected<Error> refuse(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

std::string shown(char c) {
  if (c == ' ') return "a space";
  if (c > ' ' && c < 127) return fmt::format("'{}'", c);
  return fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(c));
}

/// Bytes of the UTF-8 character at the front (RFC 3629: no overlong forms, no surrogates), 0 if there is
/// none.
std::size_t utf8_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const auto more = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return more(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    if (!more(1) || !more(2) || (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) >= 0xa0))
      return 0;
    return 3;
  }
  if (first >= 0xf0 && first < 0xf5) {
    if (!more(1) || !more(2) || !more(3)) return 0;
    return (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90) ? 0 : 4;
  }
  return 0;
}

/// Why the byte at `at` ends an unquoted local part, though it is no '@'.
std::unexpected<Error> bad_local_byte(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '<' || (c == ' ' && text.find('<') != std::string_view::npos)) {
    return refuse("there is more than an address here; only local@domain belongs here, without a name or <>");
  }
  if (c == ',' || c == ';') return refuse("there is more than one address here");
  if (text.find('@') == std::string_view::npos) return refuse("there is no @");
  return refuse(fmt::format("{} cannot be in front of the @ outside quotes", shown(c)));
}

/// Where the '@' behind an unquoted local part is.
Expected<std::size_t> scan_dot_atom(std::string_view text, bool& utf8) {
  std::size_t i = 0;
  bool dot_allowed = false;
  while (i < text.size() && text[i] != '@') {
    const char c = text[i];
    if (kAtomByte[static_cast<unsigned char>(c)]) [[likely]] {
      dot_allowed = true;
      ++i;
    } else if (c == '.') {
      if (!dot_allowed)
        return refuse(i == 0 ? "it begins with a dot" : "two dots in a row in front of the @");
      dot_allowed = false;
      ++i;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      const auto size = utf8_character(text.substr(i));
      // U+0080..U+009F are control characters.
      if (size == 0 || (c == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0)) {
        return refuse(fmt::format("{} in front of the @ is no UTF-8 text", shown(c)));
      }
      utf8 = dot_allowed = true;
      i += size;
    } else {
      return bad_local_byte(text, i);
    }
  }
  if (i == text.size()) return refuse(text.empty() ? "the address is empty" : "there is no @");
  if (i == 0) return refuse("there is nothing in front of the @");
  if (!dot_allowed) return refuse("a dot stands right in front of the @");
  return i;
}

/// The same for a quoted local part (RFC 5321 Quoted-string: printable ASCII, \ quotes one).
Expected<std::size_t> scan_quoted(std::string_view text, bool& utf8) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      if (i == 1) return refuse("there is nothing between the quotes");
      if (i + 1 == text.size() || text[i + 1] != '@') return refuse("an @ must follow the closing quote");
      return i + 1;
    }
    if (c == '\\' && ++i == text.size()) break;
    if (static_cast<unsigned char>(text[i]) >= 0x80) {
      const auto size = utf8_character(text.substr(i));
      if (size == 0 || c == '\\')
        return refuse(fmt::format("{} in the quotes is no UTF-8 text", shown(text[i])));
      utf8 = true;
      i += size - 1;
    } else if (text[i] < ' ' || text[i] == 127) {
      return refuse(fmt::format("{} cannot be in an address", shown(text[i])));
    }
  }
  return refuse("the opening quote is never closed");
}

Expected<> append_literal(std::string_view domain, bool allowed, std::string& out) {
  if (!allowed) return refuse("an IP address in place of the domain is not allowed here");
  if (!domain.ends_with(']')) return refuse("the [ of the address literal is never closed");
  if (domain.size() > kMaxDomainBytes) return refuse("the address literal is too long");
  const std::string inside(domain.substr(1, domain.size() - 2));
  std::array<unsigned char, 16> bytes;
  constexpr std::string_view kSix = "IPv6:";
  // inet_pton stops at a zero byte: what it never saw must not pass.
  const bool whole = inside.find('\0') == std::string::npos;
  if (whole && inet_pton(AF_INET, inside.c_str(), bytes.data()) == 1) {
    out.append(domain);
  } else if (whole && inside.starts_with(kSix) &&
             inet_pton(AF_INET6, inside.c_str() + kSix.size(), bytes.data()) == 1) {
    out.append(domain);
  } else {
    return refuse("the address literal is neither [192.0.2.1] nor [IPv6:2001:db8::1]");
  }
  return {};
}

void append_lower(std::string_view text, Address::Case sensitivity, std::string& out) {
  if (sensitivity == Address::Case::sensitive) {
    out.append(text);
    return;
  }
  const auto start = out.size();
  out.resize(start + text.size());
  char* to = out.data() + start;
  for (const char c : text) *to++ = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// The text a quoted local part stands for.
std::string unquoted(std::string_view quoted) {
  std::string text;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\') ++i;
    text += quoted[i];
  }
  return text;
}

bool is_dot_atom(std::string_view text) {
  bool utf8 = false;
  const auto with_at = std::string(text) + '@';
  const auto at = scan_dot_atom(with_at, utf8);
  return at && *at == text.size();
}

}  // namespace

Expected<> parse_address(std::string_view text, const AddressOptions& options, Address& out) {
  out.text_.clear();
  out.at_ = 0;
  out.utf8_ = false;
  if (options.trim) {
    while (!text.empty() && kBlanks.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
    while (!text.empty() && kBlanks.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  }
  if (text.size() > kMaxInputBytes) {
    return refuse(
        fmt::format("the address has {} bytes; at most {} are allowed", text.size(), kMaxAddressBytes));
  }
  bool utf8 = false;
  const auto at = text.starts_with('"') ? scan_quoted(text, utf8) : scan_dot_atom(text, utf8);
  if (!at) return std::unexpected(at.error());
  if (*at > kMaxLocalBytes) {
    return refuse(fmt::format("{} bytes in front of the @; at most {} are allowed", *at, kMaxLocalBytes));
  }
  const auto domain = text.substr(*at + 1);
  if (domain.find('@') != std::string_view::npos)
    return refuse("there is more than one @; there can be one address only");
  out.text_.assign(text.substr(0, *at + 1));
  auto fine = domain.starts_with('[') ? append_literal(domain, options.address_literal, out.text_)
                                      : append_domain(domain, options.single_label, out.text_);
  if (fine && out.text_.size() > kMaxAddressBytes) {
    fine = refuse(
        fmt::format("the address has {} bytes; at most {} are allowed", out.text_.size(), kMaxAddressBytes));
  }
  if (!fine) {
    out.text_.clear();
    return fine;
  }
  out.at_ = static_cast<std::uint16_t>(*at);
  out.utf8_ = utf8;
  return {};
}

Expected<Address> parse_address(std::string_view text, const AddressOptions& options) {
  Address address;
  if (auto fine = parse_address(text, options, address); !fine)
    return std::unexpected(std::move(fine).error());
  return address;
}

std::string Address::display() const {
  std::string text(local());
  text += '@';
  text += display_domain(domain());
  return text;
}

void Address::append_key(std::string& out, Case sensitivity) const {
  if (text_.starts_with('"')) [[unlikely]] {
    const auto plain = unquoted(local());
    if (is_dot_atom(plain)) {
      append_lower(plain, sensitivity, out);
    } else {  // written one way only: " and \ behind a backslash, nothing else
      std::string quoted = "\"";
      for (const char c : plain) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      append_lower(quoted + '"', sensitivity, out);
    }
  } else {
    append_lower(local(), sensitivity, out);
  }
  if (text_.empty()) return;
  out += '@';
  out.append(domain());
}

std::string Address::key(Case sensitivity) const {
  std::string out;
  out.reserve(text_.size());
  append_key(out, sensitivity);
  return out;
}

std::string_view domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view{} : address.substr(at + 1);
}

}  // namespace sluice::message
