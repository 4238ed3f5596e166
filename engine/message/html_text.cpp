#include "engine/message/html_text.hpp"

#include <fmt/format.h>
#include <gumbo.h>

#include <algorithm>
#include <memory>

#include "engine/message/html_mark.hpp"
#include "engine/message/html_role.hpp"
#include "engine/message/template.hpp"
#include "engine/message/text_flow.hpp"

namespace sluice::message {

namespace {

using Gap = TextFlow::Gap;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n\f";
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

/// One visit of the tree. Recursion is as deep as the tree, which mark_tags bounded.
class Walker {
 public:
  Walker(const MarkedHtml& marked, const HtmlTextOptions& options)
      : marked_(marked), flow_(options.columns) {}

  void visit(const GumboNode& node);
  [[nodiscard]] std::string finish() { return flow_.finish(); }

 private:
  void element(const GumboElement& element);
  void children(const GumboElement& element) {
    for (const auto* child : children_of(element)) visit(*child);
  }
  void comment(std::string_view text);
  void mixed(std::string_view text_with_tags);
  void link(const GumboElement& element);
  void list(const GumboElement& element);
  void item(const GumboElement& element);
  void heading(const GumboElement& element);
  void row(const GumboElement& element);
  void cell(const GumboElement& element);
  void enclosed(const GumboElement& element, Gap gap) {
    flow_.block(gap);
    children(element);
    flow_.block(gap);
  }
  void prefixed(const GumboElement& element, Gap gap, const std::string& first, const std::string& rest) {
    flow_.block(gap);
    flow_.push_prefix(first, rest);
    children(element);
    flow_.block(gap);
    flow_.pop_prefix();
  }

  const MarkedHtml& marked_;
  TextFlow flow_;
  std::vector<int> numbers_;  // of the open lists: 0 for bullets, else the next item's number
  bool verbatim_ = false;
  bool data_row_ = false;
};

void Walker::visit(const GumboNode& node) {
  switch (node.type) {
    case GUMBO_NODE_TEXT:
    case GUMBO_NODE_WHITESPACE:
    case GUMBO_NODE_CDATA:
      flow_.text(node.v.text.text, verbatim_);
      break;
    case GUMBO_NODE_COMMENT:
      comment(node.v.text.text);
      break;
    case GUMBO_NODE_ELEMENT:
      element(node.v.element);
      break;
    case GUMBO_NODE_DOCUMENT:
      for (unsigned i = 0; i < node.v.document.children.length; ++i) {
        visit(*static_cast<const GumboNode*>(node.v.document.children.data[i]));
      }
      break;
    default:
      break;
  }
}

void Walker::comment(std::string_view text) {
  const auto* tag = marked_.of_comment(text);
  if (!tag) return;
  if (tag->block) {
    flow_.block_tag(tag->source);
  } else {
    flow_.piece(tag->source);
  }
}

void Walker::mixed(std::string_view text_with_tags) {
  while (!text_with_tags.empty()) {
    const auto open = std::min(text_with_tags.find("{{"), text_with_tags.size());
    flow_.text(text_with_tags.substr(0, open));
    text_with_tags.remove_prefix(open);
    auto end = std::min(text_with_tags.find("}}"), text_with_tags.size());
    end = std::min(text_with_tags.find_first_not_of('}', end), text_with_tags.size());
    if (end > 0) flow_.piece(text_with_tags.substr(0, end));
    text_with_tags.remove_prefix(end);
  }
}

void Walker::element(const GumboElement& element) {
  const auto role = role_of(element.tag);
  if (role == Role::dropped || is_hidden(element)) return;
  switch (role) {
    case Role::block:
      enclosed(element, Gap::line);
      break;
    case Role::paragraph:
      enclosed(element, Gap::blank_line);
      break;
    case Role::heading:
      heading(element);
      break;
    case Role::list:
      list(element);
      break;
    case Role::item:
      item(element);
      break;
    case Role::term:
      prefixed(element, Gap::line, "  ", "  ");
      break;
    case Role::quote:
      prefixed(element, Gap::blank_line, "> ", "> ");
      break;
    case Role::table:
      enclosed(element, is_layout(element) ? Gap::line : Gap::blank_line);
      break;
    case Role::row:
      row(element);
      break;
    case Role::cell:
      cell(element);
      break;
    case Role::link:
      link(element);
      break;
    case Role::image:
      flow_.space();
      mixed(marked_.restored(attribute(element, "alt")));
      break;
    case Role::rule:
      flow_.block(Gap::blank_line);
      flow_.text("----------");
      flow_.block(Gap::blank_line);
      break;
    case Role::line_break:
      flow_.line_break();
      break;
    case Role::verbatim: {
      flow_.block(Gap::blank_line);
      const bool before = std::exchange(verbatim_, true);
      children(element);
      verbatim_ = before;
      flow_.block(Gap::blank_line);
      break;
    }
    default:
      children(element);
      break;
  }
}

void Walker::link(const GumboElement& element) {
  const auto mark = flow_.mark();
  children(element);
  const auto url = marked_.restored(trimmed(attribute(element, "href")));
  if (url.empty() || url.starts_with('#') || url.starts_with("javascript:") || url.starts_with("data:"))
    return;
  std::string_view bare = url;
  for (const std::string_view scheme : {"https://", "http://", "mailto:", "tel:"}) {
    if (bare.starts_with(scheme)) bare.remove_prefix(scheme.size());
  }
  auto text = flow_.since(mark);
  if (text.starts_with("| ")) text.remove_prefix(2);  // the cell's
  if (text == url || text == bare || (bare.ends_with('/') && text == bare.substr(0, bare.size() - 1))) return;
  // A blank in an address would end it for the reader's client; inside a merge tag it is none of the address.
  std::string whole;
  for (std::size_t i = 0, depth = 0; i < url.size(); ++i) {
    if (std::string_view(url).substr(i).starts_with("{{")) ++depth;
    if (i > 0 && url[i] == '}' && url[i - 1] == '}') depth = 0;
    const auto c = static_cast<unsigned char>(url[i]);
    if (depth == 0 && c <= ' ') {
      whole += "%20";
    } else {
      whole += url[i];
    }
  }
  flow_.space();
  flow_.piece(flow_.mark().paragraphs == mark.paragraphs && text.empty() ? whole : '[' + whole + ']');
}

void Walker::list(const GumboElement& element) {
  const auto gap = numbers_.empty() ? Gap::blank_line : Gap::line;
  // Items inside a section are written once and shown many times: they cannot be numbered here.
  const bool fixed = std::ranges::none_of(children_of(element), [&](const GumboNode* child) {
    const auto* tag = child->type == GUMBO_NODE_COMMENT ? marked_.of_comment(child->v.text.text) : nullptr;
    return tag && tag->block;
  });
  numbers_.push_back(element.tag == GUMBO_TAG_OL && fixed ? 1 : 0);
  enclosed(element, gap);
  numbers_.pop_back();
}

void Walker::item(const GumboElement& element) {
  std::string bullet = "* ";
  if (!numbers_.empty() && numbers_.back() > 0) bullet = fmt::format("{}. ", numbers_.back()++);
  prefixed(element, Gap::line, bullet, std::string(bullet.size(), ' '));
}

void Walker::heading(const GumboElement& element) {
  flow_.block(Gap::blank_line);
  children(element);
  if (element.tag == GUMBO_TAG_H1) flow_.underlined('=');
  if (element.tag == GUMBO_TAG_H2) flow_.underlined('-');
  flow_.block(Gap::blank_line);
}

void Walker::row(const GumboElement& element) {
  const bool data = std::ranges::none_of(children_of(element), [](const GumboNode* child) {
    return child->type == GUMBO_NODE_ELEMENT && holds_blocks(child->v.element);
  });
  const bool before = std::exchange(data_row_, data);
  enclosed(element, Gap::line);
  data_row_ = before;
}

void Walker::cell(const GumboElement& element) {
  if (!data_row_) {
    enclosed(element, Gap::line);
    return;
  }
  flow_.cell();
  children(element);
}

struct FreeOutput {
  const GumboOptions* options;
  void operator()(GumboOutput* output) const { gumbo_destroy_output(options, output); }
};

}  // namespace

Expected<std::string> text_from_html(std::string_view html_template, const HtmlTextOptions& options) {
  const auto marked = mark_tags(html_template, options);
  if (!marked) return std::unexpected(marked.error());
  GumboOptions gumbo = kGumboDefaultOptions;
  gumbo.max_errors = 0;
  const std::unique_ptr<GumboOutput, FreeOutput> output(
      gumbo_parse_with_options(&gumbo, marked->html.data(), marked->html.size()), FreeOutput{&gumbo});
  Walker walker(*marked, options);
  walker.visit(*output->document);
  auto text = walker.finish();
  // Sections that cross elements may come out unbalanced: better no text than a wrong one.
  TemplateOptions limits;
  limits.max_source_bytes = SIZE_MAX;
  if (auto compiled = Template::compile(text, Mode::text, RowLayout{}, {}, limits); !compiled) {
    return fail(
        ErrorCode::invalid_input,
        "no text can be made from this HTML, because its merge tags are wrong or a section does not enclose "
        "whole elements (" +
            compiled.error().text + "); correct it or give a text part");
  }
  return text;
}

}  // namespace sluice::message
