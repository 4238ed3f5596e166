#include "engine/feedback/mail_address.hpp"

#include <algorithm>

namespace sluice::feedback {
namespace {

constexpr std::size_t kLocalBytes = 64 * 4;
constexpr std::size_t kDomainBytes = 255;

bool local_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) return true;
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+/=?^_`{|}~.-").find(c) != std::string_view::npos;
}

bool domain_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) return true;
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/// First byte of the local part that ends before `at`, or `at` when there is none.
std::size_t local_start(std::string_view text, std::size_t at) {
  if (at > 0 && text[at - 1] == '"') {  // "a b"@c
    const auto least = at > kLocalBytes ? at - kLocalBytes : 0;
    for (std::size_t i = at - 1; i-- > least;) {
      if (text[i] == '\n') return at;
      if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) return i;
    }
    return at;
  }
  std::size_t start = at;
  while (start > 0 && at - start < kLocalBytes && local_byte(text[start - 1])) --start;
  // Marks that text puts in front of an address.
  while (start < at && std::string_view("'`/=.|").find(text[start]) != std::string_view::npos) ++start;
  return start;
}

}  // namespace

std::vector<FoundAddress> find_addresses(std::string_view text, std::size_t limit) {
  std::vector<FoundAddress> out;
  for (auto at = text.find('@'); at != std::string_view::npos && out.size() < limit;
       at = text.find('@', at + 1)) {
    const auto start = local_start(text, at);
    std::size_t end = at + 1;
    while (end < text.size() && end - at <= kDomainBytes && domain_byte(text[end])) ++end;
    while (end > at + 1 && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
    if (start == at || end == at + 1) continue;
    FoundAddress found{text.substr(start, end - start), start, false};
    found.bracketed = start > 0 && text[start - 1] == '<' && end < text.size() && text[end] == '>';
    out.push_back(found);
    at = end - 1;
  }
  return out;
}

std::string address_in(std::string_view field) {
  if (const auto semicolon = field.find(';'); semicolon != std::string_view::npos) {
    const auto kind = field.substr(0, semicolon);
    if (kind.find('@') == std::string_view::npos) field.remove_prefix(semicolon + 1);
  }
  const auto found = find_addresses(field, 20);
  if (found.empty()) return {};
  const auto bracketed = std::ranges::find_if(found, &FoundAddress::bracketed);
  return std::string(bracketed == found.end() ? found.front().text : bracketed->text);
}

bool same_address(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, fold, fold);
}

}  // namespace sluice::feedback
