#include "engine/message/html_mark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "engine/message/template_scan.hpp"

namespace sluice::message {

namespace {

constexpr std::string_view kComment = "sluice-tag ";
constexpr std::string_view kOpenMark = "\xee\x80\x80";   // U+E000
constexpr std::string_view kCloseMark = "\xee\x80\x81";  // U+E001

constexpr std::array<std::string_view, 14> kFormatting = {
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"};
/// Never open for long: void elements, and those the next one of their kind closes.
constexpr std::array<std::string_view, 24> kShallow = {
    "area",  "base", "br", "col", "embed", "hr", "img", "input", "link", "meta",   "param", "source",
    "track", "wbr",  "p",  "li",  "td",    "th", "tr",  "dt",    "dd",   "option", "tbody", "thead"};
constexpr std::array<std::string_view, 4> kRawText = {"script", "style", "title", "textarea"};

template <std::size_t N>
bool one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Follows the HTML closely enough to know where a merge tag stands, and how much is open.
class HtmlState {
 public:
  enum class Where { text, tag, double_quoted, single_quoted, comment, raw };

  explicit HtmlState(const HtmlTextOptions& options) : options_(options) {}

  [[nodiscard]] Where where() const { return where_; }
  void feed(std::string_view html) {
    for (const char c : html) step(c);
  }
  [[nodiscard]] Expected<> within_limits() const {
    if (open_ > options_.max_depth) {
      return fail(ErrorCode::limit,
                  fmt::format("the HTML nests deeper than {} elements; close them, or give a text part",
                              options_.max_depth));
    }
    if (most_attributes_ > options_.max_attributes) {
      return fail(ErrorCode::limit,
                  fmt::format("an element in the HTML has more than {} attributes", options_.max_attributes));
    }
    if (repairs_ > options_.max_repairs) {
      return fail(ErrorCode::limit,
                  "the HTML has too many unclosed formatting elements; close them, or give a text part");
    }
    return {};
  }

 private:
  void step(char c);
  void end_tag();
  void count_attribute(char c);

  const HtmlTextOptions& options_;
  Where where_ = Where::text;
  std::string recent_;  // what was read since the '<', or the end of a comment or raw text: a few bytes
  std::string name_;    // of the tag being read, lower-case; "/" first in an end tag
  std::string raw_;     // "</style" while in its text
  bool naming_ = false;
  std::map<std::string, std::size_t, std::less<>> counts_;
  std::size_t open_ = 0;
  std::size_t formatting_ = 0;
  std::size_t repairs_ = 0;
  std::size_t attributes_ = 0;  // words in the tag being read
  std::size_t most_attributes_ = 0;
  bool between_words_ = false;
};

void HtmlState::step(char c) {
  switch (where_) {
    case Where::text:
      recent_ += c;
      if (recent_ == "<!--") {
        where_ = Where::comment;
        recent_.clear();
      } else if (recent_.size() == 2 && recent_[0] == '<' && (letter(c) || c == '/')) {
        where_ = Where::tag;
        naming_ = true;
        attributes_ = 0;
        between_words_ = false;
        name_.assign(1, lower(c));
      } else if (!std::string_view("<!--").starts_with(recent_)) {
        recent_.assign(c == '<' ? "<" : "");
      }
      break;
    case Where::tag:
      count_attribute(c);
      if (c == '>') {
        end_tag();
      } else if (c == '"') {
        where_ = Where::double_quoted;
        naming_ = false;
      } else if (c == '\'') {
        where_ = Where::single_quoted;
        naming_ = false;
      } else if (naming_ && (letter(c) || (c >= '0' && c <= '9')) && name_.size() < 16) {
        name_ += lower(c);
      } else {
        naming_ = false;
      }
      break;
    case Where::double_quoted:
      if (c == '"') where_ = Where::tag;
      break;
    case Where::single_quoted:
      if (c == '\'') where_ = Where::tag;
      break;
    case Where::comment:
      recent_ += c;
      if (recent_.size() > 3) recent_.erase(0, 1);
      if (recent_ == "-->") {
        where_ = Where::text;
        recent_.clear();
      }
      break;
    case Where::raw:
      recent_ += lower(c);
      if (recent_ == raw_) {
        where_ = Where::tag;
        name_ = raw_.substr(1);
        naming_ = false;
      } else if (!raw_.starts_with(recent_)) {
        recent_.assign(c == '<' ? "<" : "");
      }
      break;
  }
}

void HtmlState::count_attribute(char c) {
  const bool parts =
      c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '/' || c == '"' || c == '\'';
  if (between_words_ && !parts) most_attributes_ = std::max(most_attributes_, ++attributes_);
  between_words_ = parts;
}

void HtmlState::end_tag() {
  where_ = Where::text;
  recent_.clear();
  const bool closes = name_.starts_with('/');
  const std::string_view name = std::string_view(name_).substr(closes ? 1 : 0);
  const bool formatting = one_of(kFormatting, name);
  if (!closes) repairs_ += formatting_ + 1;
  if (one_of(kShallow, name)) return;
  if (closes) {
    const auto at = counts_.find(name);
    if (at == counts_.end() || at->second == 0) return;
    --at->second;
    --open_;
    if (formatting) --formatting_;
    return;
  }
  ++counts_[std::string(name)];
  ++open_;
  if (formatting) ++formatting_;
  if (one_of(kRawText, name)) {
    where_ = Where::raw;
    raw_ = "</" + std::string(name);
  }
}

MarkedTag marked(const Tag& tag) {
  const auto content = std::string(tag.content);
  switch (tag.kind) {
    case TagKind::variable:
      return {"{{" + content + "}}", false};
    case TagKind::unescaped:
      return {"{{{" + content + "}}}", false};
    case TagKind::open:
      return {"{{#" + content + "}}", true};
    case TagKind::inverted:
      return {"{{^" + content + "}}", true};
    case TagKind::otherwise:
      return {content.empty() ? "{{else}}" : "{{else " + content + "}}", true};
    case TagKind::close:
      return {"{{/" + content + "}}", true};
    case TagKind::comment:
      break;
  }
  return {};
}

}  // namespace

const MarkedTag* MarkedHtml::of_comment(std::string_view text) const {
  if (!text.starts_with(kComment)) return nullptr;
  text.remove_prefix(kComment.size());
  std::size_t number = tags.size();
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number < tags.size() ? &tags[number] : nullptr;
}

std::string MarkedHtml::restored(std::string_view attribute) const {
  std::string out;
  while (!attribute.empty()) {
    const auto open = attribute.find(kOpenMark);
    if (open == std::string_view::npos) break;
    out += attribute.substr(0, open);
    attribute.remove_prefix(open + kOpenMark.size());
    std::size_t number = tags.size();
    const auto [end, error] = std::from_chars(attribute.data(), attribute.data() + attribute.size(), number);
    const auto rest = attribute.substr(static_cast<std::size_t>(end - attribute.data()));
    if (error != std::errc{} || number >= tags.size() || !rest.starts_with(kCloseMark)) continue;
    out += tags[number].source;
    attribute = rest.substr(kCloseMark.size());
  }
  return out += attribute;
}

Expected<MarkedHtml> mark_tags(std::string_view html_template, const HtmlTextOptions& options) {
  if (html_template.size() > options.max_source_bytes) {
    return fail(ErrorCode::limit, fmt::format("the HTML has {} bytes; at most {} are allowed",
                                              html_template.size(), options.max_source_bytes));
  }
  MarkedHtml marked_html;
  auto& html = marked_html.html;
  HtmlState state(options);
  TagScanner scanner(html_template);
  for (;;) {
    std::string_view literal;
    auto tag = scanner.next(literal);
    if (!tag) return std::unexpected(tag.error());
    html += literal;
    state.feed(literal);
    if (auto fine = state.within_limits(); !fine) return std::unexpected(fine.error());
    if (!*tag) return marked_html;
    if ((*tag)->kind == TagKind::comment) continue;
    const auto number = marked_html.tags.size();
    marked_html.tags.push_back(marked(**tag));
    const bool block = marked_html.tags.back().block;
    switch (state.where()) {
      case HtmlState::Where::text:
        html += fmt::format("<!--{}{}-->", kComment, number);
        break;
      case HtmlState::Where::comment:
        // A section may be opened or closed inside a comment, to hide it from an editor; it counts all the
        // same.
        if (block) html += fmt::format("--><!--{}{}--><!--", kComment, number);
        break;
      case HtmlState::Where::raw:
        break;
      default:
        html += fmt::format("{}{}{}", kOpenMark, number, kCloseMark);
        break;
    }
  }
}

}  // namespace sluice::message
