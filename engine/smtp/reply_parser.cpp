#include "engine/smtp/reply_parser.hpp"

#include <cstring>
#include <utility>

namespace sluice::smtp {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One to three digits off the front of `text`; -1 when there are none or more.
int take_number(std::string_view& text) {
  int value = 0;
  std::size_t n = 0;
  for (; n < text.size() && is_digit(text[n]); ++n) {
    if (n == 3) return -1;
    value = value * 10 + (text[n] - '0');
  }
  if (n == 0) return -1;
  text.remove_prefix(n);
  return value;
}

bool take_dot(std::string_view& text) {
  if (text.empty() || text.front() != '.') return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

message::EnhancedCode take_enhanced_code(std::uint16_t reply_code, std::string_view& text) {
  if (text.size() < 5 || text[1] != '.' || !is_digit(text[0])) return {};
  const int class_digit = text[0] - '0';
  if (class_digit != reply_code / 100 || class_digit == 3) return {};
  auto rest = text.substr(2);
  const int subject = take_number(rest);
  if (subject < 0 || !take_dot(rest)) return {};
  const int detail = take_number(rest);
  if (detail < 0 || (!rest.empty() && rest.front() != ' ' && rest.front() != '\t')) return {};
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
  text = rest;
  return {static_cast<std::uint8_t>(class_digit), static_cast<std::uint16_t>(subject),
          static_cast<std::uint16_t>(detail)};
}

ReplyParser::Fed ReplyParser::feed(std::string_view bytes) {
  if (!problem_.empty()) return {Status::error, 0};
  std::size_t consumed = 0;
  for (;;) {
    const auto rest = bytes.substr(consumed);
    const void* found = rest.empty() ? nullptr : std::memchr(rest.data(), '\n', rest.size());
    const auto size = found == nullptr
                          ? rest.size()
                          : static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()) + 1;
    if (size > limits_.max_line_bytes) return {fail("a reply line is too long"), consumed};
    if (held_ + size > limits_.max_reply_bytes) return {fail("a reply is too long"), consumed};
    if (found == nullptr) return {Status::need_more, consumed};
    consumed += size;
    held_ += size;
    auto line = rest.substr(0, size - 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto status = add_line(line);
    if (status != Status::need_more) return {status, consumed};
  }
}

ReplyParser::Status ReplyParser::add_line(std::string_view line) {
  if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2]))
    return fail("a reply line has no code");
  const auto code =
      static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
  if (code < 200 || code > 599) return fail("a reply code is outside 200-599");
  const bool first = reply_.code == 0;
  if (!first && code != reply_.code) return fail("the lines of a reply have different codes");
  const bool last = line.size() == 3 || line[3] == ' ';
  if (!last && line[3] != '-') return fail("a reply code is followed by neither space nor hyphen");
  auto text = line.substr(line.size() == 3 ? 3 : 4);
  const auto enhanced = take_enhanced_code(code, text);
  if (!reply_.enhanced.present()) reply_.enhanced = enhanced;
  reply_.code = code;
  if (!first) reply_.text += '\n';
  reply_.text += text;
  return last ? Status::complete : Status::need_more;
}

ReplyParser::Status ReplyParser::fail(std::string_view problem) {
  problem_ = problem;
  return Status::error;
}

message::Reply ReplyParser::take() {
  held_ = 0;
  return std::exchange(reply_, {});
}

}  // namespace sluice::smtp
