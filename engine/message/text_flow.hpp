// Lays words, merge tags and blocks out as plain text: collapses blanks, wraps, keeps blank lines between
// paragraphs to one, and puts block tags that stand between paragraphs on lines of their own. Private to
// html_text.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::message {

class TextFlow {
 public:
  enum class Gap { line = 1, blank_line = 2 };
  /// A place in the text, to ask later what was added since.
  struct Mark {
    std::size_t paragraphs;
    std::size_t size;
  };

  explicit TextFlow(std::size_t columns) : columns_(columns) {}

  /// UTF-8 text of the document; blanks collapse unless `verbatim`.
  void text(std::string_view utf8, bool verbatim = false);
  /// A piece that is never broken and goes in as it is, glued to what is before it: a variable, an address in
  /// brackets.
  void piece(std::string_view source);
  /// A section, else or close tag.
  void block_tag(std::string_view source);
  void space() { space_ = space_ || !paragraph_.empty(); }
  /// What stands between the cells of a row; shows only between two that have text.
  void cell() { cell_ = cell_ || has_text_; }

  void line_break();
  /// Ends the paragraph; what follows is `gap` away.
  void block(Gap gap);
  /// Ends the paragraph with a line of `mark` below it.
  void underlined(char mark);

  /// In front of every line until pop_prefix(); `first` once, then `rest`.
  void push_prefix(std::string first, std::string rest);
  void pop_prefix();

  [[nodiscard]] Mark mark() const { return {paragraphs_, paragraph_.size()}; }
  /// The current paragraph's text since `mark`, trimmed; "" when there were paragraphs between.
  [[nodiscard]] std::string_view since(const Mark& mark) const;

  [[nodiscard]] std::string finish();

 private:
  struct Prefix {
    std::string first;
    std::string rest;
    bool used = false;
  };
  struct Between {
    int gap;  // asked for before the tag
    std::string tag;
  };

  void begin_piece();
  void append_character(std::string_view character, bool verbatim);
  std::size_t end_paragraph();
  std::size_t wrap(std::string_view words, std::size_t room);
  void emit_between();
  void emit_line(std::string_view line);
  void take_trailing_openers();
  std::string prefix();

  std::size_t columns_;
  std::string out_;
  std::string paragraph_;
  bool verbatim_ = false;
  bool space_ = false;
  bool cell_ = false;
  bool has_text_ = false;  // in this row: something but tags
  bool started_ = false;
  int gap_ = 0;
  std::size_t paragraphs_ = 0;
  std::vector<std::string>
      waiting_;  // block tags at a paragraph's start: inline if text follows, else on their own
  std::vector<Between> between_;
  std::vector<Prefix> prefixes_;
};

}  // namespace sluice::message
