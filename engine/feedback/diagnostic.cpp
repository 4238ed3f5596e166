#include "engine/feedback/diagnostic.hpp"

#include <re2/re2.h>
#include <re2/set.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/assert.hpp"

namespace sluice::feedback {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool word_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}

/// Bytes of "5.1.1" at `at`, not within a longer number or name; 0 when there is none.
std::size_t enhanced_at(std::string_view text, std::size_t at, message::EnhancedCode& out) {
  if (at + 5 > text.size() || (text[at] != '4' && text[at] != '5') || text[at + 1] != '.') return 0;
  if (at > 0 && (word_byte(text[at - 1]) || text[at - 1] == '.')) return 0;
  std::array<std::uint16_t, 2> parts{};
  std::size_t i = at + 2;
  for (std::size_t part = 0; part < 2; ++part) {
    const auto from = i;
    while (i < text.size() && i < from + 3 && is_digit(text[i])) {
      parts[part] = static_cast<std::uint16_t>(parts[part] * 10 + (text[i++] - '0'));
    }
    if (i == from) return 0;
    if (part == 0 && (i >= text.size() || text[i++] != '.')) return 0;
  }
  const bool longer = i < text.size() && (word_byte(text[i]) || text[i] == '-');
  const bool number = i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1]);
  if (longer || number) return 0;
  out = {static_cast<std::uint8_t>(text[at] - '0'), parts[0], parts[1]};
  return i - at;
}

bool code_at(std::string_view text, std::size_t at) {
  if (at + 3 > text.size() || (text[at] != '4' && text[at] != '5')) return false;
  if (!is_digit(text[at + 1]) || !is_digit(text[at + 2]) || text[at + 1] > '7') return false;
  if (at > 0 && (word_byte(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == '-')) return false;
  if (at + 3 == text.size()) return true;
  const char next = text[at + 3];
  if (word_byte(next) || next == '.')
    return next == '.' && (at + 4 == text.size() || !is_digit(text[at + 4]));
  return true;
}

}  // namespace

Codes find_codes(std::string_view text) {
  Codes out;
  std::uint16_t loose = 0;  // a number that may as well be something else
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '4' && text[at] != '5') continue;
    message::EnhancedCode found;
    if (const auto bytes = enhanced_at(text, at, found); bytes > 0) {
      if (!out.enhanced.present()) out.enhanced = found;
      at += bytes - 1;
    } else if (out.code == 0 && code_at(text, at)) {
      const auto code = static_cast<std::uint16_t>((text[at] - '0') * 100 + (text[at + 1] - '0') * 10 +
                                                   (text[at + 2] - '0'));
      const bool opens = at == 0 || text[at - 1] == '\n' || text[at - 1] == ' ' || text[at - 1] == ':' ||
                         text[at - 1] == ';' || text[at - 1] == '<' || text[at - 1] == '(';
      (opens ? out.code : loose) = code;
      at += 2;
    }
    if (out.code != 0 && out.enhanced.present()) break;
  }
  if (out.code == 0) out.code = loose;
  return out;
}

message::EnhancedCode enhanced_of(std::string_view status) {
  const auto first = status.find_first_of("45");
  message::EnhancedCode out;
  if (first != std::string_view::npos && first < 3) (void)enhanced_at(status, first, out);
  return out;
}

namespace {

constexpr std::array<std::pair<const char*, std::string_view>, 12> kStages{{
    {R"((reply to|after|response to|during) (the )?end of (\w+ )?(data|message))", "dot"},
    {R"((reply to|after|like our final|response to) (the )?(final )?(data|text|bdat)\b)", "dot"},
    {R"(\bsmtp command\s+data\b|>>> (\.|data)\s)", "dot"},
    {R"(failed after i sent the message)", "dot"},
    {R"((reply to|after|like our|response to) rcpt|>>> rcpt)", "rcpt"},
    {R"(does not like recipient|\[rcpt_to\])", "rcpt"},
    {R"((reply to|after|like our|response to) mail|>>> mail|but sender was rejected)", "mail"},
    {R"((reply to|after|like our|response to) (ehlo|helo)|but my name was rejected)", "ehlo"},
    {R"((reply to|after|response to) starttls)", "starttls"},
    {R"(after initial connection|refused to talk to me|but greeting failed)", "banner"},
    {R"(for text command)", "dot"},
    {R"((reply to|after|response to) auth\b)", "auth"},
}};

}  // namespace

std::string_view stage_in(std::string_view text) {
  static const std::unique_ptr<RE2::Set> set = [] {
    RE2::Options options;
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    auto built = std::make_unique<RE2::Set>(options, RE2::UNANCHORED);
    for (const auto& [pattern, stage] : kStages) SLUICE_ASSERT(built->Add(pattern, nullptr) >= 0);
    SLUICE_ASSERT(built->Compile());
    return built;
  }();
  std::vector<int> found;
  if (!set->Match(text, &found) || found.empty()) return {};
  int first = found.front();
  for (const int index : found) first = std::min(first, index);
  return kStages[static_cast<std::size_t>(first)].second;
}

}  // namespace sluice::feedback
