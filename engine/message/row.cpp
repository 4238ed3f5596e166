#include "engine/message/row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace sluice::message {

namespace {

std::unexpected<Error> damaged() { return fail(ErrorCode::corrupt, "the row's merge fields do not decode"); }

/// Walks `value` to its leaves; `depth` levels of nesting are left.
bool whole(const Value& value, std::size_t depth) {
  if (value.kind() < Value::Kind::list) return true;
  if (depth == 0) return false;
  ValueItems items(value);
  std::uint64_t seen = 0;
  for (; items.next(); ++seen) {
    if (!whole(items.value(), depth - 1)) return false;
  }
  return items.ok() && seen == items.count();
}

}  // namespace

Expected<RowLayout> RowLayout::of(std::vector<std::string> names, const Limits& limits) {
  if (names.size() > std::min<std::size_t>(limits.columns, UINT16_MAX)) {
    return fail(ErrorCode::limit,
                fmt::format("{} columns; at most {} are allowed", names.size(), limits.columns));
  }
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) {
      return fail(ErrorCode::invalid_input, fmt::format("column {} has no name", i + 1));
    }
    if (names[i].size() > limits.name_bytes) {
      return fail(ErrorCode::limit,
                  fmt::format("the name of column {} is {} bytes long; at most {} are allowed", i + 1,
                              names[i].size(), limits.name_bytes));
    }
    if (!seen.insert(names[i]).second) {
      return fail(
          ErrorCode::invalid_input,
          fmt::format("column {} repeats the name \"{}\"; every column needs its own", i + 1, names[i]));
    }
  }
  RowLayout layout;
  layout.names_ = std::move(names);
  return layout;
}

std::optional<std::uint16_t> RowLayout::find(std::string_view name) const {
  const auto at = std::ranges::find(names_, name);
  if (at == names_.end()) return std::nullopt;
  return static_cast<std::uint16_t>(at - names_.begin());
}

void RowLayout::encode(std::string& out) const {
  put_varint(out, names_.size());
  for (const auto& name : names_) put_string(out, name);
}

Expected<RowLayout> RowLayout::decode(std::string_view bytes) {
  ByteReader in(bytes);
  const auto count = in.varint();
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) names.emplace_back(in.string());
  if (!in.ok() || !in.at_end()) return fail(ErrorCode::corrupt, "the stream's column names do not decode");
  return of(std::move(names), {.columns = UINT16_MAX, .name_bytes = SIZE_MAX});
}

void encode_row(std::span<const std::string_view> fields, std::string& out) {
  put_varint(out, std::uint64_t{fields.size()} * 2);
  for (const auto field : fields) put_string(out, field);
}

std::string& RowWriter::begin(std::string& out, std::size_t columns) {
  put_varint(out, std::uint64_t{columns} * 2 + 1);
  return out;
}

Expected<> RowWriter::finish() {
  auto done = values_.finish();
  if (!done) out_.resize(start_);
  return done;
}

RowReader::RowReader(std::string_view blob) : in_(blob) {
  if (blob.empty()) return;  // no merge fields at all
  const auto head = in_.varint();
  flat_ = (head & 1) == 0;
  columns_ = head / 2;
  if (columns_ > in_.rest().size()) {  // every column is a byte at least
    in_.take(in_.rest().size() + 1);
    columns_ = 0;
  }
  left_ = columns_;
}

Expected<Value> RowView::column(std::size_t index) const {
  RowReader reader(blob_);
  if (!reader.ok()) return damaged();
  if (index >= reader.columns()) return Value{};
  Value value;
  for (std::size_t i = 0; i <= index; ++i) value = reader.next();
  if (!reader.ok()) return damaged();
  return value;
}

Expected<Value> RowView::column(const RowLayout& layout, std::string_view name) const {
  const auto index = layout.find(name);
  if (!index) return Value{};
  return column(*index);
}

Expected<> RowView::check() const {
  RowReader reader(blob_);
  for (std::uint64_t i = 0; i < reader.columns() && reader.ok(); ++i) {
    if (!whole(reader.next(), kMaxValueDepth)) return damaged();
  }
  if (!reader.ok() || !reader.at_end()) return damaged();
  return {};
}

}  // namespace sluice::message
