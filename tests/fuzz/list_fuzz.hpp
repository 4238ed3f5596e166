// What csv_fuzz and jsonl_fuzz have in common: the input is a list; its rows must be the same however its
// pages are cut, and skipping must land on the same rows as reading.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/assert.hpp"
#include "engine/campaign/recipient_reader.hpp"
#include "engine/campaign/row_mapper.hpp"

namespace sluice::campaign::fuzz {

class ViewSource final : public ByteSource {
 public:
  explicit ViewSource(std::string_view bytes) : rest_(bytes) {}
  Expected<std::size_t> read(std::span<char> into) override {
    const std::size_t n = std::min(into.size(), rest_.size());
    if (n > 0) std::memcpy(into.data(), rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
};

inline std::expected<RecipientReader, Problem> open(std::string_view bytes, ListFormat format,
                                                    std::size_t page_bytes) {
  ListLimits limits;
  limits.row_bytes = 256;
  limits.page_bytes = page_bytes;
  limits.columns = 16;
  limits.batch_rows = 7;
  return RecipientReader::open("list", std::make_unique<ViewSource>(bytes), format, limits);
}

/// Everything a row tells, as text.
inline std::vector<std::string> read_rows(RecipientReader& reader) {
  static const message::RowLayout layout = message::RowLayout::of({"a", "b"}).value();
  RowMapper mapper(layout, reader.format());
  std::vector<std::string> out;
  RowBatch batch;
  MappedRow mapped;
  while (true) {
    const auto read = reader.next(batch);
    SLUICE_ASSERT(read.has_value());
    if (batch.rows.empty()) return out;
    for (const auto& row : batch.rows) {
      std::string text =
          std::to_string(row.number) + '@' + std::to_string(row.line) + '+' + std::to_string(row.offset);
      if (!row.accepted()) text += '!' + batch.rejections[row.rejection].reason;
      for (const auto& field : batch.fields_of(row)) {
        text += '|' + std::to_string(field.column) + ':' + std::string(field.text);
      }
      if (row.accepted() && mapper.map(batch, row, reader.columns(), mapped)) {
        SLUICE_ASSERT(message::RowView(mapped.fields).check().has_value());
        text += '>' + mapped.key;
      }
      out.push_back(std::move(text));
    }
  }
}

inline int check(std::string_view bytes, ListFormat format) {
  auto small = open(bytes, format, 1024);
  auto large = open(bytes, format, 1 << 16);
  SLUICE_ASSERT(small.has_value() == large.has_value());
  if (!small) return 0;
  const auto rows = read_rows(*small);
  SLUICE_ASSERT(rows == read_rows(*large));
  const std::uint64_t skip = rows.size() / 2;
  auto skipped = open(bytes, format, 1024);
  SLUICE_ASSERT(skipped->skip_through(skip).has_value());
  std::vector<std::string> rest(rows.begin() + static_cast<std::ptrdiff_t>(skip), rows.end());
  // Columns of JSON lines are numbered as they appear: skipped rows have not given theirs.
  if (format == ListFormat::csv) SLUICE_ASSERT(read_rows(*skipped) == rest);
  return 0;
}

}  // namespace sluice::campaign::fuzz
