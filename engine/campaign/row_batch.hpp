// Rows of a recipient list as the reader yields them: many at once, as views, without an allocation a row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::campaign {

enum class FieldKind : std::uint8_t {
  string,  ///< every CSV field; a JSON string, unescaped
  number,  ///< as the input wrote it
  yes,
  no,
  null,
  nested  ///< valid JSON text of an array or object
};

struct Field {
  std::string_view text;
  std::uint16_t column = 0;  ///< index into RecipientReader::columns()
  FieldKind kind = FieldKind::string;
};

/// Why a row cannot be mailed. It is listed and counted; it is never the end of the list.
struct Rejection {
  std::uint64_t row = 0;
  std::uint64_t line = 0;
  std::uint64_t column = 0;  ///< bytes, from 1, in that line
  std::string reason;
};

struct ListRow {
  static constexpr std::uint32_t kAccepted = ~0u;

  std::uint64_t number = 0;  ///< from 1; header and blank lines are not counted, rejected rows are
  std::uint64_t offset = 0;  ///< of its first byte in the unpacked list
  std::uint64_t line = 0;    ///< physical, from 1
  std::string_view text;     ///< as it stands in the list, without its line end; cut where it was too long
  std::uint32_t first_field = 0;
  std::uint32_t field_count = 0;
  std::uint32_t rejection = kAccepted;  ///< index into RowBatch::rejections

  [[nodiscard]] bool accepted() const { return rejection == kAccepted; }
};

/// All views are valid until the next call on the reader that filled it.
struct RowBatch {
  std::vector<ListRow> rows;
  std::vector<Field> fields;
  std::vector<Rejection> rejections;

  void clear() {
    rows.clear();
    fields.clear();
    rejections.clear();
  }
  [[nodiscard]] std::span<const Field> fields_of(const ListRow& row) const {
    return std::span(fields).subspan(row.first_field, row.field_count);
  }
  void reject(ListRow& row, std::uint64_t line, std::uint64_t column, std::string reason) {
    fields.resize(row.first_field);
    row.field_count = 0;
    row.rejection = static_cast<std::uint32_t>(rejections.size());
    rejections.push_back({row.number, line, column, std::move(reason)});
  }
};

}  // namespace sluice::campaign
