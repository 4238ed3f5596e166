#include "engine/campaign/report_table.hpp"

#include <fmt/format.h>

#include "engine/base/html_text.hpp"

namespace sluice::campaign {

std::string foreign(std::string_view text, std::size_t limit) {
  return "<bdi>" + html_text(text, limit) + "</bdi>";
}

ReportTable::ReportTable(std::vector<std::string_view> columns) : columns_(std::move(columns)) {}

void ReportTable::row(const std::vector<std::string>& cells) {
  rows_ += "<tr>";
  for (std::size_t i = 0; i < columns_.size() && i < cells.size(); ++i) {
    if (i == 0) {
      rows_ += fmt::format("<th scope=\"row\">{}</th>", cells[i]);
    } else {
      rows_ += fmt::format("<td data-l=\"{}\">{}</td>", columns_[i], cells[i]);
    }
  }
  rows_ += "</tr>";
}

std::string ReportTable::html() const {
  std::string out = "<div class=\"scroll\"><table><thead><tr>";
  for (const auto column : columns_) out += fmt::format("<th scope=\"col\">{}</th>", column);
  return out + "</tr></thead><tbody>" + rows_ + "</tbody></table></div>";
}

}  // namespace sluice::campaign
