// Merge tags made safe for an HTML parser: a tag in text becomes a comment, which no parser moves (text
// between table rows would be), and a tag in an attribute a short run of private-use characters. Private to
// html_text.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/message/html_text.hpp"

namespace sluice::message {

struct MarkedTag {
  std::string source;  ///< as a text template writes it: "{{#if x}}"
  bool block = false;  ///< a section, else or close tag: takes no room itself
};

struct MarkedHtml {
  std::string html;
  std::vector<MarkedTag> tags;  ///< by the number in the mark

  /// The tag a comment's text stands for; nullptr for a comment of the author's.
  [[nodiscard]] const MarkedTag* of_comment(std::string_view text) const;
  /// An attribute's value with its tags put back.
  [[nodiscard]] std::string restored(std::string_view attribute) const;
};

/// Fails on template syntax errors and at the limits of `options`.
[[nodiscard]] Expected<MarkedHtml> mark_tags(std::string_view html_template, const HtmlTextOptions& options);

}  // namespace sluice::message
