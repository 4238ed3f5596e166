// The merge fields of one recipient as a compact blob inside the queue record, and the column names kept once
// a stream.
//
// Blob:  varint (columns * 2 + nested), then per column, in layout order,
//   flat   (CSV):    varint length, bytes
//   nested (JSONL):  a tagged value (value.hpp); `missing` where the row has no such key
// A row may have fewer columns than the layout: the rest is missing. It is read in place, without allocating.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/error.hpp"
#include "engine/message/value.hpp"

namespace sluice::message {

/// The names of a stream's columns, in the order rows store them. Immutable once made; safe to share between
/// threads.
class RowLayout {
 public:
  struct Limits {
    std::size_t columns = 1024;    ///< more is refused (limit)
    std::size_t name_bytes = 256;  ///< a longer name is refused (limit)
  };

  RowLayout() = default;
  /// Fails on an empty or repeated name, naming it. Names are compared byte for byte.
  [[nodiscard]] static Expected<RowLayout> of(std::vector<std::string> names, const Limits& limits);
  [[nodiscard]] static Expected<RowLayout> of(std::vector<std::string> names) {
    return of(std::move(names), Limits{});
  }

  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] std::optional<std::uint16_t> find(std::string_view name) const;

  /// varint count, counted names: what the stream's content stores.
  void encode(std::string& out) const;
  [[nodiscard]] static Expected<RowLayout> decode(std::string_view bytes);

  friend bool operator==(const RowLayout&, const RowLayout&) = default;

 private:
  std::vector<std::string> names_;
};

/// Appends the flat form of `fields` (layout order; trailing columns may be left out).
void encode_row(std::span<const std::string_view> fields, std::string& out);

/// Writes the nested form: exactly `columns` values through values(), in layout order, then finish().
class RowWriter {
 public:
  RowWriter(std::string& out, std::size_t columns)
      : out_(out), start_(out.size()), values_(begin(out, columns)) {}

  [[nodiscard]] ValueWriter& values() { return values_; }
  /// Fails (limit) when a value nests deeper than kMaxValueDepth; `out` is then as before.
  [[nodiscard]] Expected<> finish();

 private:
  static std::string& begin(std::string& out, std::size_t columns);

  std::string& out_;
  std::size_t start_;
  ValueWriter values_;
};

/// Reads the columns of a blob from first to last. After damage ok() is false and every read is missing.
class RowReader {
 public:
  explicit RowReader(std::string_view blob);

  [[nodiscard]] bool ok() const { return in_.ok(); }
  [[nodiscard]] bool flat() const { return flat_; }
  /// Nothing is left behind the last byte read.
  [[nodiscard]] bool at_end() const { return in_.at_end(); }
  [[nodiscard]] std::uint64_t columns() const { return columns_; }
  /// The next column; missing after the last.
  Value next() {
    if (left_ == 0) return {};
    --left_;
    if (!flat_) return Value::read(in_);
    const auto text = in_.string();
    return in_.ok() ? Value::of_string(text) : Value{};
  }

 private:
  ByteReader in_;
  std::uint64_t columns_ = 0;
  std::uint64_t left_ = 0;
  bool flat_ = true;
};

/// A row for whoever wants single columns (`meta`, `column:tz`). Does not own the blob. A look-up walks over
/// the columns before it; a template reads all it needs in one walk instead.
class RowView {
 public:
  RowView() = default;
  explicit RowView(std::string_view blob) : blob_(blob) {}

  [[nodiscard]] std::string_view blob() const { return blob_; }
  /// Missing when the row is shorter; corrupt when the blob is damaged up to that column.
  [[nodiscard]] Expected<Value> column(std::size_t index) const;
  [[nodiscard]] Expected<Value> column(const RowLayout& layout, std::string_view name) const;
  /// Walks everything, nested values too: corrupt if anything does not decode or bytes are left over.
  [[nodiscard]] Expected<> check() const;

 private:
  std::string_view blob_;
};

}  // namespace sluice::message
