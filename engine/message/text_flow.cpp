#include "engine/message/text_flow.hpp"

#include <algorithm>

namespace sluice::message {

namespace {

constexpr std::size_t kNarrowest = 20;  // deep indents do not squeeze text below this

std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return std::min(bytes, text.size());
}

bool is_space(std::string_view c) {
  return c == " " || c == "\t" || c == "\n" || c == "\r" || c == "\f" || c == "\xc2\xa0" ||
         c == "\xe2\x80\x83";
}

/// Invisible filler (soft hyphen, zero-width space, grapheme joiner, byte order mark) and control bytes.
bool is_nothing(std::string_view c) {
  return c == "\xc2\xad" || c == "\xe2\x80\x8b" || c == "\xcd\x8f" || c == "\xef\xbb\xbf" ||
         (c.size() == 1 && (static_cast<unsigned char>(c[0]) < ' ' || c[0] == 127));
}

/// The merge tag at the front, 0 if there is none. Text never has "{{": append_character parts them.
std::size_t tag_bytes(std::string_view text) {
  if (!text.starts_with("{{")) return 0;
  const auto end = text.find("}}");
  if (end == std::string_view::npos) return text.size();
  return end + (text.substr(end).starts_with("}}}") ? 3 : 2);
}

bool block_tag_at(std::string_view text) {
  return text.starts_with("{{#") || text.starts_with("{{^") || text.starts_with("{{/") ||
         text.starts_with("{{else");
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    auto bytes = tag_bytes(text);
    if (bytes == 0) {
      bytes = character_bytes(text);
      ++width;
    } else if (!block_tag_at(text)) {
      width += bytes;
    }
    text.remove_prefix(bytes);
  }
  return width;
}

/// The end of the word at the front: blanks inside a tag do not end it.
std::size_t word_bytes(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != ' ') {
    const auto tag = tag_bytes(text.substr(at));
    at += tag > 0 ? tag : 1;
  }
  return at;
}

}  // namespace

void TextFlow::begin_piece() {
  if (paragraph_.empty()) {
    for (const auto& tag : waiting_) paragraph_ += tag;
    waiting_.clear();
    space_ = false;
  }
  if (cell_) {
    paragraph_ += " | ";
  } else if (space_ && !paragraph_.ends_with('\n')) {
    paragraph_ += ' ';
  }
  cell_ = space_ = false;
}

void TextFlow::append_character(std::string_view character, bool verbatim) {
  if (is_space(character) && !verbatim) {
    space();
  } else if (verbatim && character == "\n") {
    paragraph_ += '\n';
  } else if (verbatim && character == "\t") {
    append_character("    ", true);
  } else if (!is_nothing(character)) {
    begin_piece();
    if (character == "{" && paragraph_.ends_with('{')) paragraph_ += ' ';
    paragraph_ += character;
    has_text_ = true;
  }
}

void TextFlow::text(std::string_view utf8, bool verbatim) {
  verbatim_ = verbatim_ || verbatim;
  while (!utf8.empty()) {
    const auto bytes = character_bytes(utf8);
    append_character(utf8.substr(0, bytes), verbatim);
    utf8.remove_prefix(bytes);
  }
}

void TextFlow::piece(std::string_view source) {
  begin_piece();
  if (paragraph_.ends_with('{')) paragraph_ += ' ';
  paragraph_ += source;
  has_text_ = true;
}

void TextFlow::block_tag(std::string_view source) {
  if (paragraph_.empty()) {
    waiting_.emplace_back(source);
    return;
  }
  if (space_ && !paragraph_.ends_with('\n')) paragraph_ += ' ';
  space_ = false;
  if (paragraph_.ends_with('{')) paragraph_ += ' ';
  paragraph_ += source;
}

void TextFlow::line_break() {
  if (paragraph_.empty()) {
    block(Gap::line);
    return;
  }
  paragraph_ += '\n';
  space_ = false;
}

void TextFlow::push_prefix(std::string first, std::string rest) {
  prefixes_.push_back({std::move(first), std::move(rest)});
}

void TextFlow::pop_prefix() { prefixes_.pop_back(); }

std::string TextFlow::prefix() {
  std::string all;
  for (auto& prefix : prefixes_) {
    all += prefix.used ? prefix.rest : prefix.first;
    prefix.used = true;
  }
  return all;
}

std::string_view TextFlow::since(const Mark& mark) const {
  if (mark.paragraphs != paragraphs_ || mark.size > paragraph_.size()) return {};
  auto text = std::string_view(paragraph_).substr(mark.size);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

void TextFlow::block(Gap gap) {
  end_paragraph();
  for (auto& tag : waiting_) {
    between_.push_back({gap_, std::move(tag)});
    gap_ = 0;
  }
  waiting_.clear();
  gap_ = std::max(gap_, static_cast<int>(gap));
  has_text_ = cell_ = false;
}

void TextFlow::underlined(char mark) {
  const auto width = end_paragraph();
  if (width > 0) emit_line(std::string(std::min(width, columns_), mark));
}

/// "Items: {{#each items}}" in front of a paragraph: the tag belongs to what follows.
void TextFlow::take_trailing_openers() {
  std::vector<std::string> openers;
  for (;;) {
    while (paragraph_.ends_with(' ') || paragraph_.ends_with('\n')) paragraph_.pop_back();
    const auto at = paragraph_.rfind("{{");
    if (at == std::string::npos || !paragraph_.ends_with("}}")) break;
    const auto tag = std::string_view(paragraph_).substr(at);
    if (!tag.starts_with("{{#") && !tag.starts_with("{{^")) break;
    openers.emplace_back(tag);
    paragraph_.resize(at);
  }
  waiting_.insert(waiting_.end(), openers.rbegin(), openers.rend());
}

/// A gap goes as far back as it can: behind the last tag that is followed by one as large. So a paragraph
/// that a section leaves out takes its blank line with it, and list items in a section have none between
/// them.
void TextFlow::emit_between() {
  std::vector<int> gaps;
  for (const auto& between : between_) gaps.push_back(between.gap);
  gaps.push_back(gap_);
  int later = 0;
  std::vector<bool> blank(gaps.size());
  for (std::size_t i = gaps.size(); i-- > 0;) {
    blank[i] = started_ && gaps[i] > static_cast<int>(Gap::line) && gaps[i] > later;
    later = std::max(later, gaps[i]);
  }
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    if (blank[i]) emit_line({});
    if (i < between_.size()) out_ += between_[i].tag + '\n';
  }
  between_.clear();
  gap_ = 0;
}

void TextFlow::emit_line(std::string_view line) {
  std::string whole;
  if (line.empty()) {
    for (const auto& prefix : prefixes_) whole += prefix.used ? prefix.rest : "";
  } else {
    whole = prefix();
  }
  whole += line;
  while (whole.ends_with(' ')) whole.pop_back();
  out_ += whole + '\n';
}

/// Writes one line of the paragraph, wrapped at `room` columns; gives its widest piece.
std::size_t TextFlow::wrap(std::string_view words, std::size_t room) {
  std::string line;
  std::size_t width = 0;
  std::size_t widest = 0;
  while (!words.empty()) {
    const auto word = words.substr(0, word_bytes(words));
    words.remove_prefix(word.size());
    words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
    const auto word_width = width_of(word);
    if (!line.empty() && width + 1 + word_width > room) {
      emit_line(line);
      widest = std::max(widest, width);
      line.clear();
      width = 0;
    }
    if (!line.empty()) {
      line += ' ';
      ++width;
    }
    line += word;
    width += word_width;
  }
  emit_line(line);
  return std::max(widest, width);
}

/// Writes the paragraph, if it has any text; gives its widest line.
std::size_t TextFlow::end_paragraph() {
  if (!verbatim_) take_trailing_openers();
  space_ = cell_ = false;
  std::size_t widest = 0;
  if (paragraph_.find_first_not_of(" \n") != std::string::npos) {
    emit_between();
    started_ = true;
    ++paragraphs_;
    std::size_t indent = 0;
    for (const auto& prefix : prefixes_) indent += width_of(prefix.rest);
    const auto room = columns_ > indent + kNarrowest ? columns_ - indent : kNarrowest;
    for (std::string_view rest = paragraph_; !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (verbatim_) {
        emit_line(line);
        widest = std::max(widest, width_of(line));
      } else {
        widest = std::max(widest, wrap(line, room));
      }
    }
  }
  paragraph_.clear();
  verbatim_ = false;
  return widest;
}

std::string TextFlow::finish() {
  block(Gap::line);
  gap_ = 0;
  for (auto& between : between_) between.gap = 0;
  emit_between();
  return std::move(out_);
}

}  // namespace sluice::message
