// What a terminal can do, and text from outside made safe for it. Pure but for detect().
//
// Replies, subjects, list rows and campaign names are written by others: a control byte could move the
// cursor, change the title or hide what follows, and a bidi control could show another order than the bytes
// have. Everything that reaches a terminal passes through safe_text(); JSON output escapes by itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::app {

struct Terminal {
  bool is_tty = false;
  bool color = false;      ///< a terminal, NO_COLOR empty or unset, TERM not "dumb"
  std::size_t width = 80;  ///< columns; COLUMNS, the terminal's own, or 80; 40 to 400

  /// Looks at the descriptor and the environment.
  [[nodiscard]] static Terminal detect(int fd);
};

/// Control bytes as "\n" "\t" "\x1b", bytes that are no UTF-8 as "\xff", bidi and other invisible controls as
/// "\u{202e}". Backslashes stay as they are: the result is to be read by people, not parsed.
[[nodiscard]] std::string safe_text(std::string_view text);

/// Columns a terminal gives to safe text: 2 for wide East Asian and emoji, 0 for combining marks.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// At most `columns` wide; cut text ends in "…".
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t columns);

/// Padded with spaces to `columns`, on the left when `right_aligned`.
[[nodiscard]] std::string pad_to(std::string_view text, std::size_t columns, bool right_aligned = false);

enum class Style { plain, bold, dim, red, green, yellow };
/// `text` in that style where the terminal has colours.
[[nodiscard]] std::string styled(const Terminal& terminal, Style style, std::string_view text);

}  // namespace sluice::app
