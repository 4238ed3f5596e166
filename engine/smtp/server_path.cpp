#include "engine/smtp/server_path.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "engine/smtp/server_text.hpp"

namespace sluice::smtp {
namespace {

bool is_atext(char c) {
  return is_alnum(c) || is_high(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

/// Length of the Dot-string or Quoted-string `text` starts with; 0 when it starts with neither.
std::size_t local_part_length(std::string_view text) {
  if (text.starts_with('"')) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '"') return i + 1;
      if (text[i] == '\\') ++i;
      if (i >= text.size() || is_control(text[i])) return 0;
    }
    return 0;
  }
  std::size_t n = 0;
  bool dot_allowed = false;
  for (; n < text.size(); ++n) {
    if (text[n] == '.' ? !dot_allowed : !is_atext(text[n])) break;
    dot_allowed = text[n] != '.';
  }
  return dot_allowed ? n : 0;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabelBytes || label.front() == '-' || label.back() == '-')
    return false;
  return std::ranges::all_of(label, [](char c) { return is_alnum(c) || is_high(c) || c == '-'; });
}

/// Drops `@a,@b:` of RFC 5321 §4.1.1.3 (a server must accept source routes and should ignore them).
bool drop_source_route(std::string_view& inside) {
  while (inside.starts_with('@')) {
    const auto end = inside.find_first_of(",:");
    if (end == std::string_view::npos || !is_domain(inside.substr(1, end - 1))) return false;
    const bool last = inside[end] == ':';
    inside.remove_prefix(end + 1);
    if (last) return !inside.starts_with('@');
  }
  return true;
}

/// Bytes of the UTF-8 sequence that starts with `lead`; 0 when none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/// The end of the path: the first '>' outside a quoted string.
std::size_t closing_bracket(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '>' && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::expected<Path, const char*> take_path(std::string_view& rest, PathUse use) {
  if (!rest.starts_with('<')) return std::unexpected("address must be in <angle brackets>");
  const auto close = closing_bracket(rest);
  if (close == std::string_view::npos) return std::unexpected("address has no closing bracket");
  if (close + 1 > kMaxPathBytes) return std::unexpected("address too long");
  auto inside = rest.substr(1, close - 1);
  rest.remove_prefix(close + 1);

  if (inside.empty()) {
    if (use == PathUse::reverse) return Path{};
    return std::unexpected("empty address");
  }
  if (use == PathUse::forward && same_text(inside, "postmaster")) {
    return Path{.address = inside, .at = inside.size()};
  }
  if (!drop_source_route(inside)) return std::unexpected("bad source route");
  const auto local = local_part_length(inside);
  if (local == 0) return std::unexpected("bad local part");
  if (local > kMaxLocalPartBytes) return std::unexpected("local part too long");
  if (local >= inside.size() || inside[local] != '@') return std::unexpected("no domain in address");
  const auto domain = inside.substr(local + 1);
  if (!is_domain(domain) && !is_address_literal(domain)) return std::unexpected("bad domain");
  const bool utf8 = std::ranges::any_of(inside, is_high);
  if (utf8 && !is_utf8(inside)) return std::unexpected("address is not valid UTF-8");
  return Path{.address = inside, .at = local, .utf8 = utf8};
}

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > kMaxDomainBytes) return false;
  for (;;) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_address_literal(std::string_view text) {
  if (text.size() < 3 || text.size() > kMaxLabelBytes || text.front() != '[' || text.back() != ']')
    return false;
  text = text.substr(1, text.size() - 2);
  unsigned char address[sizeof(in6_addr)];
  constexpr std::string_view kTag = "ipv6:";
  if (text.size() > kTag.size() && same_text(text.substr(0, kTag.size()), kTag)) {
    return inet_pton(AF_INET6, std::string(text.substr(kTag.size())).c_str(), address) == 1;
  }
  return inet_pton(AF_INET, std::string(text).c_str(), address) == 1;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const auto length = sequence_length(lead);
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    const auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool bad =
        (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||  // overlong, surrogates
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);    // overlong, > U+10FFFF
    if (bad) return false;
    i += length;
  }
  return true;
}

}  // namespace sluice::smtp
