// One JSON object a line. Blank lines count nothing; a line that is no object, repeats a key, or holds
// invalid JSON or UTF-8 is a rejected row. Strings are unescaped, numbers kept as written, arrays and objects
// kept as JSON text. Columns are numbered as their keys first appear.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/campaign/limits.hpp"
#include "engine/campaign/row_format.hpp"

namespace sluice::campaign {

class JsonlFormat final : public RowFormat {
 public:
  explicit JsonlFormat(const ListLimits& limits);

  RowBounds bounds(std::string_view text, bool final) override;
  void parse(const RowBounds& bounds, ListRow& row, RowBatch& batch, Scratch& scratch) override;
  [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
  [[nodiscard]] bool checks_utf8() const override { return true; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };

  /// The reason the row is rejected, or "".
  std::string parse_object(simdjson::ondemand::document& document, ListRow& row, RowBatch& batch,
                           Scratch& scratch);
  std::string parse_value(simdjson::ondemand::value value, Field& field, Scratch& scratch);
  std::string parse_nested(std::string_view json);
  /// -1 when there are too many columns or the name is too long.
  int column_of(std::string_view key, std::size_t position);

  ListLimits limits_;
  simdjson::ondemand::parser parser_;
  simdjson::dom::parser nested_parser_;
  std::vector<std::string> columns_;
  std::unordered_map<std::string, std::uint16_t, Hash, std::equal_to<>> ids_;
  std::vector<std::uint16_t> last_order_;   ///< the previous row's columns: most lists repeat them
  std::vector<std::uint64_t> seen_in_row_;  ///< by column: the number of the row that had it last
};

}  // namespace sluice::campaign
