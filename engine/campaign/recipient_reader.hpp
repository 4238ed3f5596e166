// Streams the rows of a recipient list: CSV or JSON lines, plain, gzip or zstd. Lists of ten million rows are
// normal: memory is one page whatever the list's size, and no row costs an allocation.
//
// A row that cannot be read is a rejected row in its batch, never the end. Only the list itself ends it:
// damage of the archive, a bound of ListLimits, or the disk; the error then comes after every row before it
// has been yielded.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/campaign/byte_source.hpp"
#include "engine/campaign/limits.hpp"
#include "engine/campaign/problem.hpp"
#include "engine/campaign/row_batch.hpp"
#include "engine/campaign/row_format.hpp"

namespace sluice::campaign {

/// One thread.
class RecipientReader {
 public:
  /// Reads a CSV list's header. `name` is used in messages only. The problem carries the list's name and
  /// position.
  [[nodiscard]] static std::expected<RecipientReader, Problem> open(std::string name, Descriptor file,
                                                                    ListKind kind, const ListLimits& limits);
  /// The same over any bytes.
  [[nodiscard]] static std::expected<RecipientReader, Problem> open(std::string name,
                                                                    std::unique_ptr<ByteSource> source,
                                                                    ListFormat format,
                                                                    const ListLimits& limits);

  /// The header's names; of JSON lines the keys met so far, in order of appearance. Indexes never change.
  [[nodiscard]] const std::vector<std::string>& columns() const { return format_->columns(); }
  [[nodiscard]] ListFormat format() const { return kind_; }

  /// Replaces `batch`'s content with the next rows; none means the end. The error's text names the list and
  /// the last row that could be read; rows_read() is its number.
  [[nodiscard]] Expected<> next(RowBatch& batch);

  /// Goes on behind row `row`, faster than reading: fields are not looked at. `row` must not be behind
  /// rows_read(). not_found when the list has fewer rows.
  [[nodiscard]] Expected<> skip_through(std::uint64_t row);

  /// Accepted and rejected rows so far.
  [[nodiscard]] std::uint64_t rows_read() const { return rows_; }

 private:
  RecipientReader(std::string name, std::unique_ptr<ByteSource> source, ListFormat kind,
                  const ListLimits& limits);

  [[nodiscard]] std::string_view unread() const { return {page_.data() + begin_, end_ - begin_}; }
  Expected<> fill();
  std::expected<void, Problem> read_start();
  /// Finds the next row in the page; kind need_more at its end. Blank lines and the rest of a cut row are
  /// passed over.
  RowBounds find_row();
  void consume(const RowBounds& bounds);
  void append(const RowBounds& bounds, RowBatch& batch);
  void reject_bad_text(RowBatch& batch, std::string_view region);
  std::unexpected<Error> stopped(const Error& cause) const;

  std::string name_;
  std::unique_ptr<ByteSource> source_;
  ListFormat kind_;
  ListLimits limits_;
  std::unique_ptr<RowFormat> format_;
  std::vector<char> page_;  ///< with padding behind for simdjson
  Scratch scratch_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;  ///< of begin_ in the unpacked list
  std::uint64_t line_ = 1;    ///< of begin_
  std::uint64_t rows_ = 0;
  bool final_ = false;
  bool dropping_ = false;  ///< the rest of a row that was too long for the page
};

}  // namespace sluice::campaign
