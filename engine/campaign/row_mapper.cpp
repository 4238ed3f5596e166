#include "engine/campaign/row_mapper.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"

namespace sluice::campaign {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view trimmed(std::string_view text) {
  constexpr const char* kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// JSON into values, as deep as the list reader let it pass. The text was found valid there; an error means
/// that it was not, and the row is rejected.
class JsonWalk {
 public:
  explicit JsonWalk(message::ValueWriter& values) : values_(values) {}

  bool array(ondemand::array items) {
    values_.begin_list();
    for (auto&& item : items) {
      ondemand::value value;
      if (std::move(item).get(value) || !any(value)) return false;
    }
    values_.end_list();
    return true;
  }

  bool object(ondemand::object members) {
    values_.begin_object();
    for (auto&& member : members) {
      ondemand::field pair;
      std::string_view key;
      if (std::move(member).get(pair) || pair.unescaped_key().get(key)) return false;
      values_.key(key);
      if (!any(pair.value())) return false;
    }
    values_.end_object();
    return true;
  }

 private:
  bool any(ondemand::value value) {
    ondemand::json_type type{};
    if (value.type().get(type)) return false;
    switch (type) {
      case ondemand::json_type::array: {
        ondemand::array items;
        return !value.get_array().get(items) && array(items);
      }
      case ondemand::json_type::object: {
        ondemand::object members;
        return !value.get_object().get(members) && object(members);
      }
      case ondemand::json_type::string: {
        std::string_view text;
        if (value.get_string().get(text)) return false;
        values_.string(text);
        return true;
      }
      case ondemand::json_type::number: {
        const std::string_view text = trimmed(value.raw_json_token());
        ondemand::number number;
        if (value.get_number().get(number)) return false;
        values_.number(text);
        return true;
      }
      case ondemand::json_type::boolean: {
        bool yes = false;
        if (value.get_bool().get(yes)) return false;
        values_.boolean(yes);
        return true;
      }
      case ondemand::json_type::null: {
        bool null = false;
        if (value.is_null().get(null)) return false;
        values_.null();
        return true;
      }
    }
    return false;
  }

  message::ValueWriter& values_;
};

}  // namespace

RowMapper::RowMapper(const message::RowLayout& layout, ListFormat format, message::AddressOptions options)
    : layout_(layout),
      format_(format),
      options_(options),
      by_slot_(layout.size()),
      present_(layout.size()),
      flat_(layout.size()) {}

void RowMapper::learn(const std::vector<std::string>& columns) {
  for (std::size_t i = slots_.size(); i < columns.size(); ++i) {
    const auto slot = layout_.find(columns[i]);
    slots_.push_back(slot ? static_cast<int>(*slot) : kNoSlot);
    if (columns[i] == "email") email_column_ = static_cast<int>(i);
    if (columns[i] == "name") name_column_ = static_cast<int>(i);
  }
}

Expected<> RowMapper::write_json(std::string_view json, message::ValueWriter& values) {
  const simdjson::padded_string_view padded(json.data(), json.size(),
                                            json.size() + simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  JsonWalk walk(values);
  bool good = !parser_.iterate(padded).get(document);
  if (good && json.starts_with('[')) {
    ondemand::array items;
    good = !document.get_array().get(items) && walk.array(items);
  } else if (good) {
    ondemand::object members;
    good = !document.get_object().get(members) && walk.object(members);
  }
  return good ? Expected<>{} : fail(ErrorCode::invalid_input, "a value is invalid JSON");
}

Expected<> RowMapper::write_nested(MappedRow& out) {
  message::RowWriter writer(out.fields, layout_.size());
  auto& values = writer.values();
  for (std::size_t slot = 0; slot < layout_.size(); ++slot) {
    if (present_[slot] == 0) {
      values.missing();
      continue;
    }
    const Field& field = by_slot_[slot];
    switch (field.kind) {
      case FieldKind::string:
        values.string(field.text);
        break;
      case FieldKind::number:
        values.number(field.text);
        break;
      case FieldKind::yes:
        values.boolean(true);
        break;
      case FieldKind::no:
        values.boolean(false);
        break;
      case FieldKind::null:
        values.null();
        break;
      case FieldKind::nested: {
        auto written = write_json(field.text, values);
        if (!written) return written;
        break;
      }
    }
  }
  return writer.finish();
}

Expected<> RowMapper::map(const RowBatch& batch, const ListRow& row, const std::vector<std::string>& columns,
                          MappedRow& out) {
  if (auto mapped = map_address(batch, row, columns, out); !mapped) return mapped;
  if (format_ == ListFormat::jsonl) return write_nested(out);
  message::encode_row(flat_, out.fields);
  return {};
}

/// Only what is nested can be wrong.
Expected<> RowMapper::map_key(const RowBatch& batch, const ListRow& row,
                              const std::vector<std::string>& columns, MappedRow& out) {
  auto mapped = map_address(batch, row, columns, out);
  return mapped && format_ == ListFormat::jsonl ? write_nested(out) : mapped;
}

Expected<> RowMapper::map_address(const RowBatch& batch, const ListRow& row,
                                  const std::vector<std::string>& columns, MappedRow& out) {
  SLUICE_ASSERT(row.accepted());
  if (slots_.size() < columns.size()) learn(columns);
  std::fill(present_.begin(), present_.end(), 0);
  std::fill(flat_.begin(), flat_.end(), std::string_view{});
  const Field* email = nullptr;
  out.name.clear();
  for (const auto& field : batch.fields_of(row)) {
    if (field.column == email_column_) email = &field;
    if (field.column == name_column_ && field.kind == FieldKind::string) out.name = field.text;
    const int slot = slots_[field.column];
    if (slot == kNoSlot) continue;
    const auto at = static_cast<std::size_t>(slot);
    present_[at] = 1;
    by_slot_[at] = field;
    flat_[at] = field.text;
  }
  if (email == nullptr) return fail(ErrorCode::invalid_input, "the row has no `email`");
  if (email->kind != FieldKind::string) return fail(ErrorCode::invalid_input, "`email` is no string");
  if (auto parsed = message::parse_address(email->text, options_, out.address); !parsed) {
    return fail(parsed.error(), "`email`");
  }
  out.key.clear();
  out.address.append_key(out.key);
  out.fields.clear();
  return {};
}

std::vector<std::string> kept_columns(ListFormat format, const std::vector<std::string>& list_columns,
                                      std::span<const std::string> used) {
  std::vector<std::string> wanted;
  for (const auto& path : used) {
    auto first = path.substr(0, path.find('.'));
    const bool known = first.empty() || first == "email" || first == "name" ||
                       std::find(wanted.begin(), wanted.end(), first) != wanted.end();
    if (!known) wanted.push_back(std::move(first));
  }
  if (format == ListFormat::jsonl) return wanted;
  std::vector<std::string> out;
  for (const auto& column : list_columns) {
    if (std::find(wanted.begin(), wanted.end(), column) != wanted.end()) out.push_back(column);
  }
  return out;
}

}  // namespace sluice::campaign
