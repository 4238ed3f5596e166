// Rows in columns for people. Cells are made safe; the widest text column gives way when the terminal is
// narrow.
#pragma once

#include <string>
#include <vector>

#include "engine/app/terminal.hpp"

namespace sluice::app {

class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as columns; any text.
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// Title line and rows, a line each. Lines end without blanks.
  [[nodiscard]] std::string text(const Terminal& terminal) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t total) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);
/// 0.1 s … days: "0s", "42s", "3m20s", "5h02m", "2d4h".
[[nodiscard]] std::string short_duration(double seconds);

}  // namespace sluice::app
