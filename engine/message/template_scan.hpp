// Cuts template source into literal text and tags, and applies Mustache's standalone-line rule: a line that
// holds nothing but one block, else or comment tag and blanks leaves no bytes behind, its line end included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::message {

enum class TagKind : std::uint8_t {
  variable,   ///< {{x}}, {{url x}}
  unescaped,  ///< {{{x}}}, {{&x}}
  open,       ///< {{#x}}, {{#if x}}
  inverted,   ///< {{^x}}
  otherwise,  ///< {{else}}, {{else if x}}, {{^}}
  close,      ///< {{/x}}
  comment,
};

struct Tag {
  TagKind kind = TagKind::comment;
  std::string_view content;  ///< without braces, sigil ("else" too) and outer blanks
  std::size_t at = 0;        ///< offset of its first brace in the source
};

/// "line L, column C: text" of an offset, both from 1; columns count characters, not bytes.
[[nodiscard]] std::string at_position(std::string_view source, std::size_t offset, std::string_view text);

class TagScanner {
 public:
  /// `source` must outlive the scanner and what it returns.
  explicit TagScanner(std::string_view source) : source_(source) {}

  /// Sets `literal` to the text up to the next tag and gives the tag; nullopt at the end of the source.
  [[nodiscard]] Expected<std::optional<Tag>> next(std::string_view& literal);

 private:
  struct Span {
    std::string_view content;
    std::size_t end;
    bool triple;
  };

  [[nodiscard]] Expected<Span> span_at(std::size_t open);
  [[nodiscard]] Expected<Tag> classify(std::size_t open, const Span& span) const;

  std::string_view source_;
  std::size_t at_ = 0;
  bool long_comments_ = true;  // false once no "--}}" is ahead: nobody looks for it again
};

}  // namespace sluice::message
