// How a list's text falls into rows, and a row into fields. Pure over bytes in memory; csv.hpp and jsonl.hpp
// are the two formats. Where a row ends never depends on how the text was cut into pages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/campaign/row_batch.hpp"

namespace sluice::campaign {

/// The first row of a text.
struct RowBounds {
  enum class Kind : std::uint8_t {
    row,        ///< whole: `content` bytes, then its line end up to `consumed`
    blank,      ///< an empty line, up to `consumed`
    need_more,  ///< the text stops before this row does
    bad         ///< `consumed` bytes are one rejected row, for `reason`
  };
  Kind kind = Kind::need_more;
  bool quoted = false;  ///< CSV: some field is in quotes
  bool open_ended =
      false;  ///< bad, and its line goes on beyond the text: drop everything up to the next line
  std::size_t content = 0;
  std::size_t consumed = 0;
  std::uint32_t lines = 1;     ///< line ends inside `consumed`
  std::uint32_t bad_line = 0;  ///< of the fault, counted from the row's first line
  std::uint64_t bad_column = 0;
  const char* reason = "";
};

/// Unescaped text of a batch. Never grows: unescaped text is no longer than the page it comes from.
class Scratch {
 public:
  explicit Scratch(std::size_t capacity) : bytes_(capacity) {}
  void clear() { used_ = 0; }
  [[nodiscard]] char* at() { return bytes_.data() + used_; }
  /// Makes what was written at at() permanent until clear().
  std::string_view keep(std::size_t size) {
    const std::string_view out(at(), size);
    used_ += size;
    return out;
  }
  [[nodiscard]] std::size_t room() const { return bytes_.size() - used_; }

 private:
  std::vector<char> bytes_;
  std::size_t used_ = 0;
};

class RowFormat {
 public:
  virtual ~RowFormat() = default;
  /// `final` tells that nothing follows `text`.
  [[nodiscard]] virtual RowBounds bounds(std::string_view text, bool final) = 0;
  /// Appends the fields of `row`, whose text bounds() found, or its rejection. The bytes after row.text are
  /// readable for simdjson::SIMDJSON_PADDING.
  virtual void parse(const RowBounds& bounds, ListRow& row, RowBatch& batch, Scratch& scratch) = 0;
  [[nodiscard]] virtual const std::vector<std::string>& columns() const = 0;
  /// Whether parse() finds invalid UTF-8 by itself; else the reader looks for it.
  [[nodiscard]] virtual bool checks_utf8() const = 0;
};

/// Too long a row whose line end is `newline` (npos: beyond the text).
[[nodiscard]] RowBounds too_long_row(std::string_view text, std::size_t newline);

}  // namespace sluice::campaign
