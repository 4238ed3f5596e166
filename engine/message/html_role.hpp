// What each HTML element does to the flow of plain text. Private to html_text.cpp.
#pragma once

#include <gumbo.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::message {

enum class Role : std::uint8_t {
  inline_text,
  block,      ///< on lines of its own
  paragraph,  ///< with blank lines around
  heading,
  list,
  item,
  term,  ///< indented (dd)
  quote,
  table,
  row,
  cell,
  link,
  image,
  rule,
  line_break,
  verbatim,
  dropped,  ///< its content is not for reading
};

[[nodiscard]] Role role_of(GumboTag tag);

/// Not shown by a mail client: `hidden`, or a style that says so.
[[nodiscard]] bool is_hidden(const GumboElement& element);

/// Whether anything inside breaks lines. Recursive, like is_layout: the tree's depth must be bounded
/// (mark_tags).
[[nodiscard]] bool holds_blocks(const GumboElement& element);

/// A table with blocks in its cells only arranges things; one without is a table to read.
[[nodiscard]] bool is_layout(const GumboElement& table);

[[nodiscard]] std::span<GumboNode* const> children_of(const GumboElement& element);

/// "" when the element has no such attribute.
[[nodiscard]] std::string_view attribute(const GumboElement& element, const char* name);

}  // namespace sluice::message
