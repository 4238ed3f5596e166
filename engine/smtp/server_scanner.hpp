// Looks for the end of message text and for what must not be in it, 64 bytes at a time.
//
// Only CRLF "." CRLF ends DATA. A CR without LF, or an LF without CR, is reported and never ends a line:
// servers that disagree about line ends let a sender smuggle a second message past the first one. Feeding the
// same bytes in any pieces gives the same results. Pure; no allocation; over 5 GB/s on the reference machine
// (bench/load/sink_bench).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::smtp {

class TextScanner {
 public:
  enum class Framing {
    dots,     ///< DATA: ended by a line that is a single dot; leading dots are doubled
    counted,  ///< BDAT: length known, dots mean nothing
  };

  /// Lines longer than `max_line_bytes`, CRLF included, set line_too_long().
  TextScanner(Framing framing, std::size_t max_line_bytes);

  /// Scans the front of `bytes`, the first time at the start of a line. What is not consumed (at most 2
  /// bytes, an undecided dot line) must be at the front of the next call's bytes. Once ended() is true,
  /// consumed covers the terminator and nothing behind it.
  std::size_t scan(std::string_view bytes);

  [[nodiscard]] bool ended() const { return ended_; }
  /// All bytes consumed so far without the terminator.
  [[nodiscard]] std::uint64_t scanned_bytes() const { return scanned_; }
  /// Dots to be removed from them, and where (offset in all bytes scanned) the first is.
  [[nodiscard]] std::uint64_t stuffed_dots() const { return stuffed_; }
  [[nodiscard]] std::uint64_t first_stuffed() const { return first_stuffed_; }
  /// CR or LF alone. A CR at the very end counts only once finish() says that nothing follows.
  [[nodiscard]] bool bare_line_end() const { return bare_; }
  [[nodiscard]] bool line_too_long() const { return long_line_; }
  /// The text is over (BDAT LAST).
  void finish() { bare_ = bare_ || after_cr_ != 0; }

 private:
  void take_block(const char* at, std::size_t n);
  std::size_t take_dot(std::string_view from_dot);

  std::size_t max_line_;
  std::size_t line_ = 0;  // bytes of the current line so far
  std::uint64_t scanned_ = 0;
  std::uint64_t stuffed_ = 0;
  std::uint64_t first_stuffed_ = 0;
  std::uint64_t after_cr_ = 0;    // 1: the last byte was CR
  std::uint64_t line_start_ = 1;  // 1: the last two bytes were CRLF, or nothing was scanned yet
  bool dots_;
  bool ended_ = false;
  bool bare_ = false;
  bool long_line_ = false;
};

/// Removes the dot at the front of each line that has one, in place, from `first` on
/// (TextScanner::first_stuffed()); `text` is well-formed DATA text without its terminator. Gives the new
/// length.
[[nodiscard]] std::size_t remove_stuffed_dots(char* text, std::size_t size, std::size_t first);

}  // namespace sluice::smtp
