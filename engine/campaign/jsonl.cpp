#include "engine/campaign/jsonl.hpp"

#include <fmt/format.h>

#include <cstring>

#include "engine/base/assert.hpp"
#include "engine/campaign/problem.hpp"

namespace sluice::campaign {
namespace {

using simdjson::ondemand::json_type;

std::string_view trimmed(std::string_view text) {
  constexpr const char* kSpace = " \t\r";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string say(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "invalid UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed";
    case simdjson::UNESCAPED_CHARS:
      return "a string holds a control byte that must be escaped";
    case simdjson::DEPTH_ERROR:
      return "a value nests deeper than allowed (limit json_depth)";
    case simdjson::INCORRECT_TYPE:
      return "the line is no JSON object";
    default:
      return std::string("invalid JSON: ") + simdjson::error_message(error);
  }
}

/// Whether raw JSON string text needs unescaping; without a backslash it stands for itself.
bool has_escape(std::string_view raw) { return std::memchr(raw.data(), '\\', raw.size()) != nullptr; }

}  // namespace

JsonlFormat::JsonlFormat(const ListLimits& limits) : limits_(limits), parser_(limits.row_bytes + 1) {
  // simdjson counts the value itself as one level. Fails only without memory.
  const auto error = nested_parser_.allocate(limits.row_bytes + 1, limits.json_depth + 1);
  SLUICE_ASSERT(error == simdjson::SUCCESS);
}

RowBounds JsonlFormat::bounds(std::string_view text, bool final) {
  const void* found = text.empty() ? nullptr : std::memchr(text.data(), '\n', text.size());
  const std::size_t newline = found == nullptr
                                  ? std::string_view::npos
                                  : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  const auto line = text.substr(0, newline);
  if (line.size() > limits_.row_bytes) return too_long_row(text, newline);
  if (found == nullptr && (!final || text.empty())) return {};
  RowBounds out;
  out.kind = trimmed(line).empty() ? RowBounds::Kind::blank : RowBounds::Kind::row;
  out.content = line.ends_with('\r') ? line.size() - 1 : line.size();
  out.consumed = found == nullptr ? text.size() : newline + 1;
  out.lines = found == nullptr ? 0 : 1;
  return out;
}

int JsonlFormat::column_of(std::string_view key, std::size_t position) {
  if (position < last_order_.size() && columns_[last_order_[position]] == key) return last_order_[position];
  if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
  if (columns_.size() == limits_.columns || key.size() > limits_.column_name_bytes) return -1;
  const auto id = static_cast<std::uint16_t>(columns_.size());
  columns_.emplace_back(key);
  ids_.emplace(std::string(key), id);
  seen_in_row_.push_back(0);
  return id;
}

std::string JsonlFormat::parse_nested(std::string_view json) {
  // The text stands inside a page with padding behind it, so it is parsed in place.
  auto answer = nested_parser_.parse(json.data(), json.size(), false);
  return answer.error() == simdjson::SUCCESS ? std::string{} : say(answer.error());
}

std::string JsonlFormat::parse_value(simdjson::ondemand::value value, Field& field, Scratch& scratch) {
  json_type type{};
  if (auto error = value.type().get(type)) return say(error);
  const std::string_view raw = trimmed(value.raw_json_token());
  switch (type) {
    case json_type::string: {
      field.kind = FieldKind::string;
      if (raw.size() >= 2 && raw.back() == '"' && !has_escape(raw)) {
        simdjson::ondemand::raw_json_string skipped;
        if (auto error = value.get_raw_json_string().get(skipped)) return say(error);
        field.text = raw.substr(1, raw.size() - 2);
        return {};
      }
      std::string_view unescaped;
      if (auto error = value.get_string().get(unescaped)) return say(error);
      SLUICE_ASSERT(unescaped.size() <= scratch.room());
      std::memcpy(scratch.at(), unescaped.data(), unescaped.size());
      field.text = scratch.keep(unescaped.size());
      return {};
    }
    case json_type::number: {
      simdjson::ondemand::number number;
      if (auto error = value.get_number().get(number)) return say(error);
      field.kind = FieldKind::number;
      field.text = raw;
      return {};
    }
    case json_type::boolean: {
      bool yes = false;
      if (auto error = value.get_bool().get(yes)) return say(error);
      field.kind = yes ? FieldKind::yes : FieldKind::no;
      return {};
    }
    case json_type::null: {
      bool null = false;
      if (auto error = value.is_null().get(null)) return say(error);
      if (!null) return "invalid JSON: a value begins with n and is not null";
      field.kind = FieldKind::null;
      return {};
    }
    case json_type::array:
    case json_type::object: {
      std::string_view json;
      if (type == json_type::array) {
        simdjson::ondemand::array array;
        if (auto error = value.get_array().get(array)) return say(error);
        if (auto error = array.raw_json().get(json)) return say(error);
      } else {
        simdjson::ondemand::object object;
        if (auto error = value.get_object().get(object)) return say(error);
        if (auto error = object.raw_json().get(json)) return say(error);
      }
      field.kind = FieldKind::nested;
      field.text = trimmed(json);
      return parse_nested(field.text);
    }
  }
  return "invalid JSON";
}

std::string JsonlFormat::parse_object(simdjson::ondemand::document& document, ListRow& row, RowBatch& batch,
                                      Scratch& scratch) {
  simdjson::ondemand::object object;
  if (auto error = document.get_object().get(object)) return say(error);
  std::size_t position = 0;
  for (auto&& member : object) {
    simdjson::ondemand::field pair;
    if (auto error = std::move(member).get(pair)) return say(error);
    std::string_view key;
    if (auto error = pair.unescaped_key().get(key)) return say(error);
    const int id = column_of(key, position);
    if (id < 0) {
      return fmt::format(
          "the key `{}` is longer than {} bytes or one more than the {} columns a list may have",
          visible(key, 64), limits_.column_name_bytes, limits_.columns);
    }
    const auto column = static_cast<std::uint16_t>(id);
    if (seen_in_row_[column] == row.number)
      return fmt::format("the key `{}` comes twice", visible(columns_[column], 64));
    seen_in_row_[column] = row.number;
    if (position < last_order_.size()) {
      last_order_[position] = column;
    } else {
      last_order_.push_back(column);
    }
    Field field;
    field.column = column;
    if (auto reason = parse_value(pair.value(), field, scratch); !reason.empty()) return reason;
    batch.fields.push_back(field);
    ++position;
  }
  row.field_count = static_cast<std::uint32_t>(position);
  const char* rest = nullptr;
  const bool at_end = document.current_location().get(rest) != simdjson::SUCCESS;
  return at_end ? std::string{} : "text follows the JSON object";
}

void JsonlFormat::parse(const RowBounds&, ListRow& row, RowBatch& batch, Scratch& scratch) {
  simdjson::ondemand::document document;
  const simdjson::padded_string_view json(row.text.data(), row.text.size(),
                                          row.text.size() + simdjson::SIMDJSON_PADDING);
  std::string reason;
  std::uint64_t column = 1;
  if (auto error = parser_.iterate(json).get(document)) {
    reason = say(error);
  } else {
    reason = parse_object(document, row, batch, scratch);
    const char* at = nullptr;
    if (!reason.empty() && document.current_location().get(at) == simdjson::SUCCESS &&
        at >= row.text.data() && at <= row.text.data() + row.text.size()) {
      column = static_cast<std::uint64_t>(at - row.text.data()) + 1;
    }
  }
  if (!reason.empty()) batch.reject(row, row.line, column, std::move(reason));
}

}  // namespace sluice::campaign
