#include "engine/campaign/recipient_reader.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "engine/base/assert.hpp"
#include "engine/campaign/csv.hpp"
#include "engine/campaign/jsonl.hpp"

namespace sluice::campaign {
namespace {

std::size_t page_size(const ListLimits& limits) { return std::max(limits.page_bytes, 4 * limits.row_bytes); }

}  // namespace

RecipientReader::RecipientReader(std::string name, std::unique_ptr<ByteSource> source, ListFormat kind,
                                 const ListLimits& limits)
    : name_(std::move(name)),
      source_(std::move(source)),
      kind_(kind),
      limits_(limits),
      page_(page_size(limits) + simdjson::SIMDJSON_PADDING),
      scratch_(page_size(limits) + simdjson::SIMDJSON_PADDING) {}

std::expected<RecipientReader, Problem> RecipientReader::open(std::string name, Descriptor file,
                                                              ListKind kind, const ListLimits& limits) {
  return open(std::move(name), make_source(std::move(file), kind.packing, limits), kind.format, limits);
}

std::expected<RecipientReader, Problem> RecipientReader::open(std::string name,
                                                              std::unique_ptr<ByteSource> source,
                                                              ListFormat format, const ListLimits& limits) {
  RecipientReader reader(std::move(name), std::move(source), format, limits);
  if (auto started = reader.read_start(); !started) return std::unexpected(std::move(started.error()));
  return reader;
}

std::expected<void, Problem> RecipientReader::read_start() {
  const auto problem = [&](std::string text) {
    return std::unexpected(Problem{name_, 1, 1, std::move(text)});
  };
  if (auto filled = fill(); !filled) return problem(filled.error().text);
  const auto start = unread();
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff")) {
    return problem("the list is UTF-16; save it as UTF-8");
  }
  if (start.starts_with("\xef\xbb\xbf")) {
    begin_ += 3;
    offset_ += 3;
  }
  if (kind_ == ListFormat::jsonl) {
    format_ = std::make_unique<JsonlFormat>(limits_);
    return {};
  }
  auto header = read_csv_header(unread(), final_, limits_);
  if (!header) {
    header.error().file = name_;
    return std::unexpected(std::move(header.error()));
  }
  format_ = std::make_unique<CsvFormat>(header->delimiter, std::move(header->columns), limits_.row_bytes);
  begin_ += header->consumed;
  offset_ += header->consumed;
  line_ += header->lines;
  return {};
}

/// Moves what is left to the front and reads until the page is full.
Expected<> RecipientReader::fill() {
  std::memmove(page_.data(), page_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const std::size_t capacity = page_.size() - simdjson::SIMDJSON_PADDING;
  SLUICE_ASSERT(end_ < capacity);
  const std::size_t wanted = capacity - end_;
  auto got = source_->read({page_.data() + end_, wanted});
  if (!got) return std::unexpected(got.error());
  end_ += *got;
  if (*got < wanted) {
    // Short: the end, or an error the next read tells.
    char probe = 0;
    auto more = source_->read({&probe, 1});
    if (!more && *got == 0) return std::unexpected(more.error());
    if (more && *more == 1) {
      page_[end_++] = probe;
    } else if (more) {
      final_ = true;
    }
  }
  return {};
}

RowBounds RecipientReader::find_row() {
  for (;;) {
    const auto text = unread();
    if (dropping_) {
      const void* newline = text.empty() ? nullptr : std::memchr(text.data(), '\n', text.size());
      const std::size_t size =
          newline == nullptr ? text.size()
                             : static_cast<std::size_t>(static_cast<const char*>(newline) - text.data()) + 1;
      begin_ += size;
      offset_ += size;
      if (newline == nullptr) return {};
      ++line_;
      dropping_ = false;
      continue;
    }
    const auto bounds = format_->bounds(text, final_);
    if (bounds.kind != RowBounds::Kind::blank) return bounds;
    consume(bounds);
  }
}

void RecipientReader::consume(const RowBounds& bounds) {
  begin_ += bounds.consumed;
  offset_ += bounds.consumed;
  line_ += bounds.lines;
  dropping_ = bounds.open_ended;
}

void RecipientReader::append(const RowBounds& bounds, RowBatch& batch) {
  ListRow& row = batch.rows.emplace_back();
  row.number = ++rows_;
  row.offset = offset_;
  row.line = line_;
  row.first_field = static_cast<std::uint32_t>(batch.fields.size());
  if (bounds.kind == RowBounds::Kind::bad) {
    row.text = unread().substr(0, std::min(bounds.consumed, limits_.row_bytes));
    while (!row.text.empty() && (row.text.back() == '\n' || row.text.back() == '\r'))
      row.text.remove_suffix(1);
    batch.reject(row, line_ + bounds.bad_line, bounds.bad_column, bounds.reason);
    return;
  }
  row.text = unread().substr(0, bounds.content);
  format_->parse(bounds, row, batch, scratch_);
}

/// Rejects the rows with invalid UTF-8 or NUL bytes. `region` holds all rows of the batch: it is looked at as
/// a whole first, which is what makes good lists fast.
void RecipientReader::reject_bad_text(RowBatch& batch, std::string_view region) {
  const bool nul = std::memchr(region.data(), '\0', region.size()) != nullptr;
  if (!nul && (format_->checks_utf8() || simdjson::validate_utf8(region.data(), region.size()))) return;
  for (auto& row : batch.rows) {
    if (!row.accepted()) continue;
    std::uint64_t column = row.text.find('\0') + 1;
    const char* reason = "the row holds a NUL byte";
    if (column == 0) {
      if (simdjson::validate_utf8(row.text.data(), row.text.size())) continue;
      reason = "the row is no valid UTF-8; save the list as UTF-8";
      std::size_t valid = 0;  // the longest valid start, in whole characters
      for (std::size_t n = 1; n <= row.text.size() && n <= valid + 4; ++n) {
        if (simdjson::validate_utf8(row.text.data() + valid, n - valid)) valid = n;
      }
      column = valid + 1;
    }
    // Its fields stay in the batch, unused: other rows' positions must not move.
    row.field_count = 0;
    row.rejection = static_cast<std::uint32_t>(batch.rejections.size());
    batch.rejections.push_back({row.number, row.line, column, reason});
  }
}

std::unexpected<Error> RecipientReader::stopped(const Error& cause) const {
  return fail(cause.code, rows_ == 0 ? fmt::format("{}: before the first row: {}", name_, cause.text)
                                     : fmt::format("{}: after row {}: {}", name_, rows_, cause.text));
}

Expected<> RecipientReader::next(RowBatch& batch) {
  batch.clear();
  scratch_.clear();
  std::size_t region_start = begin_;
  while (batch.rows.size() < limits_.batch_rows) {
    const auto bounds = find_row();
    if (bounds.kind == RowBounds::Kind::need_more) {
      if (!batch.rows.empty() || (final_ && unread().empty())) break;
      SLUICE_ASSERT(!final_);  // a format always finds the last row of a final text
      if (auto filled = fill(); !filled) return stopped(filled.error());
      region_start = begin_;
      continue;
    }
    if (rows_ == limits_.rows) {
      if (!batch.rows.empty()) break;
      return stopped(
          {ErrorCode::limit, fmt::format("the list has more than the allowed {} rows", limits_.rows)});
    }
    append(bounds, batch);
    consume(bounds);
  }
  if (!batch.rows.empty()) {
    reject_bad_text(batch, {page_.data() + region_start, begin_ - region_start});
  }
  return {};
}

Expected<> RecipientReader::skip_through(std::uint64_t row) {
  SLUICE_ASSERT(row >= rows_);
  while (rows_ < row) {
    const auto bounds = find_row();
    if (bounds.kind == RowBounds::Kind::need_more) {
      if (final_ && unread().empty()) {
        return fail(ErrorCode::not_found,
                    fmt::format("{} has {} rows; row {} was asked for", name_, rows_, row));
      }
      if (auto filled = fill(); !filled) return stopped(filled.error());
      continue;
    }
    ++rows_;
    consume(bounds);
  }
  return {};
}

}  // namespace sluice::campaign
