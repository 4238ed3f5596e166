// Comma-separated values by RFC 4180, with what real exports need beside it:
//
// A row ends at LF or CRLF; the last may have no line end; blank lines count nothing. A field that begins
// with a quote runs to its closing quote, over delimiters and line ends, "" being one quote; a quote further
// inside an unquoted field is text (5" pipe).
//
// The delimiter is the one of , ; and tab by which the header has a column `email`; the header is refused
// when that holds for none or for more than one.
//
// A row with more or fewer fields than the header, with text after a closing quote, or longer than row_bytes
// is one rejected row. A quote that is never closed (within row_bytes) rejects only the line it stands in.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "engine/campaign/limits.hpp"
#include "engine/campaign/problem.hpp"
#include "engine/campaign/row_format.hpp"

namespace sluice::campaign {

class CsvFormat final : public RowFormat {
 public:
  CsvFormat(char delimiter, std::vector<std::string> columns, std::size_t row_bytes)
      : delimiter_(delimiter), columns_(std::move(columns)), row_bytes_(row_bytes) {}

  RowBounds bounds(std::string_view text, bool final) override;
  void parse(const RowBounds& bounds, ListRow& row, RowBatch& batch, Scratch& scratch) override;
  [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
  [[nodiscard]] bool checks_utf8() const override { return false; }
  /// parse() without its verdict: appends the fields, false when there are not as many as columns().
  bool split(const RowBounds& bounds, ListRow& row, RowBatch& batch, Scratch& scratch) const {
    return bounds.quoted ? split_quoted(row, batch, scratch) : split_plain(row, batch);
  }

 private:
  RowBounds quoted_bounds(std::string_view text, bool final) const;
  bool split_plain(ListRow& row, RowBatch& batch) const;
  bool split_quoted(ListRow& row, RowBatch& batch, Scratch& scratch) const;

  char delimiter_;
  std::vector<std::string> columns_;
  std::size_t row_bytes_;
};

struct CsvHeader {
  char delimiter = ',';
  std::vector<std::string> columns;
  std::size_t consumed = 0;
  std::uint32_t lines = 1;
};

/// Reads the header at the start of `text` (byte order mark removed). The problem has line and column, no
/// file.
[[nodiscard]] std::expected<CsvHeader, Problem> read_csv_header(std::string_view text, bool final,
                                                                const ListLimits& limits);

}  // namespace sluice::campaign
