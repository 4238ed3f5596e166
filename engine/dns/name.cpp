#include "engine/dns/name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::dns {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_label_char(char c, bool underscore) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || (underscore && c == '_');
}

/// Hostile bytes made visible, and cut to what a log line should carry.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) {
    if (c > 0x20 && c < 0x7f) {
      out.push_back(c);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > 80) out += "...";
  return out;
}

Expected<std::string> canonical(std::string_view text, bool underscore) {
  std::string_view rest = text;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  if (rest.empty()) return fail(ErrorCode::invalid_input, "empty domain name");
  if (rest.size() > kMaxNameLength) {
    return fail(ErrorCode::invalid_input, fmt::format("domain name of {} characters is longer than {}: {}",
                                                      rest.size(), kMaxNameLength, shown(rest)));
  }
  std::string name(rest.size(), '\0');
  std::ranges::transform(rest, name.begin(), to_lower);
  std::size_t start = 0;
  std::string_view label;
  while (start <= name.size()) {
    const auto end = std::min(name.find('.', start), name.size());
    label = std::string_view(name).substr(start, end - start);
    const bool valid = !label.empty() && label.size() <= kMaxLabelLength && label.front() != '-' &&
                       label.back() != '-' &&
                       std::ranges::all_of(label, [&](char c) { return is_label_char(c, underscore); });
    if (!valid) {
      return fail(ErrorCode::invalid_input,
                  fmt::format("label \"{}\" of domain name {} is not 1-63 letters, digits and inner hyphens",
                              shown(label), shown(rest)));
    }
    start = end + 1;
  }
  if (std::ranges::all_of(label, is_digit)) {
    return fail(ErrorCode::invalid_input,
                fmt::format("domain name {} ends in a number, as only an address does", shown(rest)));
  }
  return name;
}

}  // namespace

Expected<std::string> canonical_domain(std::string_view text) { return canonical(text, false); }

Expected<std::string> canonical_host(std::string_view text) { return canonical(text, true); }

std::optional<std::string> name_from_wire(std::string_view wire, std::size_t& used) {
  std::string name;
  std::size_t at = 0;
  while (at < wire.size()) {
    const auto length = static_cast<unsigned char>(wire[at]);
    if (length == 0) {
      used = at + 1;
      return name.empty() ? "." : name;
    }
    if (length > kMaxLabelLength || at + 1 + length > wire.size()) return std::nullopt;
    if (!name.empty()) name.push_back('.');
    for (const char c : wire.substr(at + 1, length)) {
      if (c <= 0x20 || c >= 0x7f || c == '.' || c == '\\') return std::nullopt;
      name.push_back(to_lower(c));
    }
    if (name.size() > kMaxNameLength) return std::nullopt;
    at += 1 + length;
  }
  return std::nullopt;
}

}  // namespace sluice::dns
