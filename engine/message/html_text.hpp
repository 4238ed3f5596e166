// The text/plain part of a mail, made from its HTML part. Both are templates: merge tags go through to the
// text
// (`{{first_name}}`, sections, `{{url x}}` inside an href), so that it is made once a campaign and rendered
// like any other.
//
// Links become "text [url]", images their alt text, lists "* ", quotes "> ", headings an underline, a table
// row "cell | cell"; style, script, head and hidden elements (display:none, `hidden`) are dropped; entities
// are decoded; lines are wrapped at 78 columns, where a tag counts as wide as it is written. A section around
// whole elements stands on lines of its own and leaves none behind. {{{x}}} goes in as it is: HTML inside
// that value stays HTML.
//
// Pure; runs once a campaign, about 9 ms per 100 KB.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::message {

struct HtmlTextOptions {
  std::size_t max_source_bytes = 2u << 20;  ///< longer HTML is refused (limit)
  std::size_t max_depth = 400;              ///< elements open at once; deeper HTML is refused (limit)
  /// Start tags times the formatting elements open around each: what a parser that repairs <b><p><b><p> must
  /// build. More is refused (limit).
  std::size_t max_repairs = 2'000'000;
  std::size_t max_attributes = 500;  ///< of one element; more is refused (limit)
  std::size_t columns = 78;
};

/// The source of a text template (lines end in \n). Fails where the HTML's own tags would not compile, at a
/// limit, and when sections cross elements so that no text template comes out; the error asks for a text part
/// then.
[[nodiscard]] Expected<std::string> text_from_html(std::string_view html_template,
                                                   const HtmlTextOptions& options = {});

}  // namespace sluice::message
