#include "engine/message/template_scan.hpp"

#include <fmt/format.h>

namespace sluice::message {

namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kSpaces = " \t\r\n";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::unexpected<Error> error_at(std::string_view source, std::size_t offset, std::string_view text) {
  return fail(ErrorCode::invalid_input, at_position(source, offset, text));
}

/// Why a sigil that other dialects know does not compile here; "" when it is none of them.
std::string_view refused_sigil(char c) {
  switch (c) {
    case '>':
      return "partials ({{> x}}) are not supported; put the text in the template itself";
    case '=':
      return "delimiters cannot be changed; write tags as {{x}}";
    case '<':
    case '$':
      return "template inheritance is not supported; put the text in the template itself";
    case '~':
      return "whitespace control (~) is not supported; put the tag on a line of its own";
    case '{':
      return "four braces are not supported; write {{x}} or {{{x}}}";
    case '*':
      return "decorators and dynamic names (*) are not supported; name the value itself";
    default:
      return {};
  }
}

bool otherwise_tag(std::string_view content) {
  return content.starts_with("else") &&
         (content.size() == 4 || kSpaces.find(content[4]) != std::string_view::npos);
}

bool may_stand_alone(TagKind kind) { return kind != TagKind::variable && kind != TagKind::unescaped; }

}  // namespace

std::string at_position(std::string_view source, std::size_t offset, std::string_view text) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : source.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++column;
    }
  }
  return fmt::format("line {}, column {}: {}", line, column, text);
}

Expected<TagScanner::Span> TagScanner::span_at(std::size_t open) {
  const auto inside = source_.substr(open + 2);
  std::size_t skip = 2;
  std::string_view closing = "}}";
  if (inside.starts_with("{")) {
    skip = 3;
    closing = "}}}";
  } else if (long_comments_ && inside.starts_with("!--")) {
    long_comments_ = source_.find("--}}", open + 5) != std::string_view::npos;
    if (long_comments_) closing = "--}}";
  }
  const auto end = source_.find(closing, open + skip);
  if (end == std::string_view::npos) {
    return error_at(source_, open, fmt::format("this tag is never closed; \"{}\" would close it", closing));
  }
  return Span{source_.substr(open + skip, end - open - skip), end + closing.size(), skip == 3};
}

Expected<Tag> TagScanner::classify(std::size_t open, const Span& span) const {
  auto content = trim(span.content);
  if (span.triple) return Tag{TagKind::unescaped, content, open};
  if (content.empty())
    return error_at(source_, open, "this tag is empty; it needs a name, like {{first_name}}");
  const auto rest = trim(content.substr(1));
  switch (content.front()) {
    case '!':
      return Tag{TagKind::comment, rest, open};
    case '#':
      return Tag{TagKind::open, rest, open};
    case '^':
      return Tag{rest.empty() ? TagKind::otherwise : TagKind::inverted, rest, open};
    case '/':
      return Tag{TagKind::close, rest, open};
    case '&':
      return Tag{TagKind::unescaped, rest, open};
    default:
      break;
  }
  if (const auto why = refused_sigil(content.front()); !why.empty()) return error_at(source_, open, why);
  if (otherwise_tag(content)) return Tag{TagKind::otherwise, trim(content.substr(4)), open};
  return Tag{TagKind::variable, content, open};
}

Expected<std::optional<Tag>> TagScanner::next(std::string_view& literal) {
  const auto open = source_.find("{{", at_);
  if (open == std::string_view::npos) {
    literal = source_.substr(at_);
    at_ = source_.size();
    return std::nullopt;
  }
  auto span = span_at(open);
  if (!span) return std::unexpected(span.error());
  auto tag = classify(open, *span);
  if (!tag) return std::unexpected(tag.error());
  literal = source_.substr(at_, open - at_);
  at_ = span->end;
  if (!may_stand_alone(tag->kind)) return *tag;

  // Blanks only between the line's start and the tag, and between the tag and the line's end?
  const auto before = source_.substr(0, open).find_last_not_of(kBlanks);
  const bool line_start = before == std::string_view::npos || source_[before] == '\n';
  auto after = source_.find_first_not_of(kBlanks, span->end);
  if (after == std::string_view::npos) after = source_.size();
  const auto rest = source_.substr(after);
  const std::size_t line_end = rest.starts_with("\r\n") ? 2 : rest.starts_with("\n") ? 1 : 0;
  if (line_start && (rest.empty() || line_end > 0)) {
    const auto kept = literal.find_last_not_of(kBlanks);
    literal = literal.substr(0, kept == std::string_view::npos ? 0 : kept + 1);
    at_ = after + line_end;
  }
  return *tag;
}

}  // namespace sluice::message
