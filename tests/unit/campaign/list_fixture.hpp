// What the list tests share: a source over bytes in memory, and a reader's rows as plain text.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/campaign/recipient_reader.hpp"

namespace sluice::campaign::test {

/// Gives the text, then the end or `error`.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text, std::optional<Error> error = {})
      : text_(std::move(text)), error_(std::move(error)) {}

  Expected<std::size_t> read(std::span<char> into) override {
    const std::size_t n = std::min(into.size(), text_.size() - at_);
    if (n == 0 && error_) return std::unexpected(*error_);
    std::memcpy(into.data(), text_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  std::string text_;
  std::optional<Error> error_;
  std::size_t at_ = 0;
};

inline ListLimits small_limits() {
  ListLimits limits;
  limits.row_bytes = 1024;
  limits.page_bytes = 4096;
  return limits;
}

inline std::expected<RecipientReader, Problem> open_text(std::string text,
                                                         ListFormat format = ListFormat::csv,
                                                         const ListLimits& limits = small_limits()) {
  return RecipientReader::open("list", std::make_unique<TextSource>(std::move(text)), format, limits);
}

inline std::string text_of(const Field& field, const std::vector<std::string>& columns) {
  std::string out = columns[field.column] + '=';
  switch (field.kind) {
    case FieldKind::string:
      return out + '[' + std::string(field.text) + ']';
    case FieldKind::yes:
      return out + "true";
    case FieldKind::no:
      return out + "false";
    case FieldKind::null:
      return out + "null";
    case FieldKind::number:
    case FieldKind::nested:
      return out + std::string(field.text);
  }
  return out;
}

/// A line a row: "2@3 email=[a@b.test]" (number, line), "3@4 !4:1 reason" for a rejected one; at the end
/// perhaps "error: text".
inline std::vector<std::string> rows_of(RecipientReader& reader) {
  std::vector<std::string> out;
  RowBatch batch;
  for (;;) {
    if (auto read = reader.next(batch); !read) {
      out.push_back("error: " + read.error().text);
      return out;
    }
    if (batch.rows.empty()) return out;
    for (const auto& row : batch.rows) {
      auto line = std::to_string(row.number) + '@' + std::to_string(row.line);
      if (!row.accepted()) {
        const auto& why = batch.rejections[row.rejection];
        line += " !" + std::to_string(why.line) + ':' + std::to_string(why.column) + ' ' + why.reason;
      }
      for (const auto& field : batch.fields_of(row)) line += ' ' + text_of(field, reader.columns());
      out.push_back(line);
    }
  }
}

inline std::vector<std::string> rows_of(std::string text, ListFormat format = ListFormat::csv,
                                        const ListLimits& limits = small_limits()) {
  auto reader = open_text(std::move(text), format, limits);
  if (!reader) return {"problem: " + reader.error().to_text()};
  return rows_of(*reader);
}

}  // namespace sluice::campaign::test
