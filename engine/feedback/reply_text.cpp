#include "engine/feedback/reply_text.hpp"

#include <algorithm>

#include "engine/base/json_text.hpp"

namespace sluice::feedback {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Length of "5.7.1" at the start, with digits of each part within RFC 3463; 0 when there is none.
std::size_t enhanced_length(std::string_view text) {
  if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return 0;
  std::size_t at = 2;
  for (int part = 0; part < 2; ++part) {
    const auto from = at;
    while (at < text.size() && at < from + 3 && is_digit(text[at])) ++at;
    if (at == from) return 0;
    if (part == 0 && (at >= text.size() || text[at++] != '.')) return 0;
  }
  const bool ends = at == text.size() || (!is_digit(text[at]) && text[at] != '.' && !is_alpha(text[at]));
  return ends ? at : 0;
}

/// Length of "550", "550-" at the start.
std::size_t code_length(std::string_view text) {
  if (text.size() < 3 || text[0] < '2' || text[0] > '5') return 0;
  if (!is_digit(text[1]) || !is_digit(text[2])) return 0;
  if (text.size() == 3) return 3;
  if (text[3] == '-') return 4;
  return is_blank(text[3]) ? 3 : 0;
}

/// What a server repeats on each line: "550-5.7.1 ".
std::size_t prefix_length(std::string_view line) {
  std::size_t at = code_length(line);
  while (at < line.size() && line[at] == ' ') ++at;
  return at + enhanced_length(line.substr(at));
}

/// One word of a text, made general. Punctuation around it stays.
class WordForm {
 public:
  explicit WordForm(std::string_view word) : word_(word) {}

  [[nodiscard]] std::string_view form() const {
    if (word_.find("://") != std::string_view::npos) return "<url>";
    const auto core = trimmed();
    if (core.empty()) return {};
    if (core.find('@') != std::string_view::npos) return core.size() > 2 ? "<addr>" : std::string_view{};
    std::size_t digits = 0, letters = 0, dots = 0, colons = 0, hex = 0, others = 0;
    for (const char c : core) {
      digits += is_digit(c) ? 1 : 0;
      letters += is_alpha(c) ? 1 : 0;
      dots += c == '.' ? 1 : 0;
      colons += c == ':' ? 1 : 0;
      hex += is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') ? 1 : 0;
      others += static_cast<unsigned char>(c) >= 0x80 ? 1 : 0;
    }
    if (others > 0) return {};
    if (digits > 0 && dots == 3 && letters == 0) return "<ip>";
    if (colons >= 2 && hex + colons == core.size() && digits > 0) return "<ip>";
    if (dots >= 2 && letters > digits && core.size() > 8) return "<host>";
    if (digits > 0 && letters == 0) return "<n>";
    if (core.size() >= 8 && digits >= 2 && letters > 0) return "<id>";
    if (core.size() >= 12 && hex == core.size()) return "<id>";
    return {};
  }

  /// The word without punctuation at its ends.
  [[nodiscard]] std::string_view trimmed() const {
    constexpr std::string_view kEdge = "<>()[]{}\"'`,;:.!?=";
    const auto first = word_.find_first_not_of(kEdge);
    if (first == std::string_view::npos) return {};
    const auto last = word_.find_last_not_of(kEdge);
    return word_.substr(first, last - first + 1);
  }

 private:
  std::string_view word_;
};

}  // namespace

std::string one_line(std::string_view text, std::size_t limit) {
  text = text.substr(0, limit);
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  bool line_start = true;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      line_start = line_start || text[at] == '\n';
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
      ++at;
      continue;
    }
    if (line_start) {
      line_start = false;
      if (const auto prefix = prefix_length(text.substr(at)); prefix > 0) {
        at += prefix;
        continue;
      }
    }
    const auto length = std::max<std::size_t>(utf8_length(text.substr(at)), 1);
    if (length == 1 && (text[at] & 0x80) != 0) {
      out.push_back('?');
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string normalised(std::string_view text, std::size_t limit) {
  const auto line = one_line(text, limit * 4);
  std::string out;
  std::size_t at = 0;
  while (at < line.size() && out.size() < limit) {
    const auto end = std::min(line.find(' ', at), line.size());
    const auto word = std::string_view(line).substr(at, end - at);
    at = end + 1;
    const WordForm general(word);
    const auto form = general.form();
    if (!out.empty()) out.push_back(' ');
    if (form.empty()) {
      std::ranges::transform(word, std::back_inserter(out), lower);
    } else {
      out += form;
    }
  }
  while (out.size() > limit || (!out.empty() && out.size() == limit && (out.back() & 0x80) != 0)) {
    out.pop_back();
  }
  return out;
}

}  // namespace sluice::feedback
