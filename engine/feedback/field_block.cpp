#include "engine/feedback/field_block.hpp"

namespace sluice::feedback {
namespace {

constexpr std::size_t kNameBytes = 60;
constexpr std::size_t kValueBytes = 8u << 10;

bool name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool is_field_line(std::string_view line) {
  std::size_t at = 0;
  while (at < line.size() && at <= kNameBytes && name_byte(line[at])) ++at;
  return at > 0 && at <= kNameBytes && at < line.size() && line[at] == ':';
}

std::vector<FieldBlock> parse_fields(std::string_view text, std::size_t blocks, std::size_t fields) {
  std::vector<FieldBlock> out;
  bool open = false;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (trimmed(line).empty()) {
      open = false;
      continue;
    }
    const bool folded = line[0] == ' ' || line[0] == '\t';
    if (folded && open && !out.back().empty()) {
      auto& value = out.back().back().value;
      if (value.size() + line.size() < kValueBytes) value += ' ' + std::string(trimmed(line));
      continue;
    }
    const auto start = trimmed(line);  // some reports indent every field
    if (!is_field_line(start)) continue;
    if (!open) {
      if (out.size() >= blocks) return out;
      out.emplace_back();
      open = true;
    }
    if (out.back().size() >= fields) continue;
    const auto colon = start.find(':');
    out.back().push_back({lower_case(start.substr(0, colon)),
                          std::string(trimmed(start.substr(colon + 1)).substr(0, kValueBytes))});
  }
  return out;
}

}  // namespace sluice::feedback
