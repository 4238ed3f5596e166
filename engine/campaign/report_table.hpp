// Tables of report.html that become cards on a narrow screen: each cell carries its column's name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::campaign {

/// Untrusted text as element content; <bdi> keeps right-to-left text from turning what stands beside it.
[[nodiscard]] std::string foreign(std::string_view text, std::size_t limit = 300);

class ReportTable {
 public:
  /// Column names are trusted; the first is that of the rows' names.
  explicit ReportTable(std::vector<std::string_view> columns);

  /// Cells are HTML; one for each column. An empty one is left out on a narrow screen.
  void row(const std::vector<std::string>& cells);
  [[nodiscard]] std::string html() const;

 private:
  std::vector<std::string_view> columns_;
  std::string rows_;
};

}  // namespace sluice::campaign
