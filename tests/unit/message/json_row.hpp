// Test tables are JSON; this turns their objects into rows, numbers kept as their text.
#pragma once

#include <simdjson.h>

#include <string>
#include <vector>

#include "engine/message/row.hpp"

namespace sluice::message {

struct JsonRow {
  RowLayout layout;
  std::string blob;
};

inline void write_json(simdjson::ondemand::value json, ValueWriter& out) {
  switch (json.type()) {
    case simdjson::ondemand::json_type::array:
      out.begin_list();
      for (auto item : json.get_array()) write_json(item.value(), out);
      out.end_list();
      break;
    case simdjson::ondemand::json_type::object:
      out.begin_object();
      for (auto field : json.get_object()) {
        const std::string_view key = field.unescaped_key();
        out.key(std::string(key));
        write_json(field.value(), out);
      }
      out.end_object();
      break;
    case simdjson::ondemand::json_type::string:
      out.string(json.get_string().value());
      break;
    case simdjson::ondemand::json_type::number: {
      std::string_view text = json.raw_json_token();
      text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
      out.number(text);
      break;
    }
    case simdjson::ondemand::json_type::boolean:
      out.boolean(json.get_bool());
      break;
    default:
      out.null();
      break;
  }
}

/// The row of a JSON object; its keys are the layout. Throws simdjson's error on bad JSON.
inline JsonRow row_of(simdjson::ondemand::object object) {
  std::vector<std::string> names;
  std::string values;
  {
    ValueWriter writer(values);
    for (auto field : object) {
      const std::string_view key = field.unescaped_key();
      names.emplace_back(key);
      write_json(field.value(), writer);
    }
    (void)writer.finish();
  }
  JsonRow row;
  put_varint(row.blob, names.size() * 2 + 1);
  row.blob += values;
  row.layout = RowLayout::of(std::move(names)).value();
  return row;
}

inline JsonRow row_of(std::string_view json) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(json);
  auto document = parser.iterate(padded);
  return row_of(document.get_object().value());
}

}  // namespace sluice::message
