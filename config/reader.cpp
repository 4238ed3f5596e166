#include "config/reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "config/format.hpp"
#include "config/suggest.hpp"

namespace sluice::config {
namespace {

Position position_of(const toml::source_region& region) { return {region.begin.line, region.begin.column}; }

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::vector<std::string_view> keys_of(const Section& section) {
  std::vector<std::string_view> names;
  for (const auto& field : section.fields) names.push_back(field.key);
  return names;
}

std::string where_it_belongs(std::string_view key, Document document) {
  for (const auto& section : sections(document)) {
    if (!section.find(key)) continue;
    if (section.name.empty()) return fmt::format("; `{}` belongs at the top of the file", key);
    return fmt::format("; `{}` belongs in {}{}{}", key, section.repeated ? "[[" : "[", section.name,
                       section.repeated ? "]]" : "]");
  }
  return {};
}

std::string absolute(const std::string& text, const std::string& file) {
  const std::filesystem::path path(text);
  if (text.empty() || path.is_absolute()) return text;
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

/// One path, or each of a list.
void make_absolute(Value& value, const std::string& file) {
  if (auto* one = std::get_if<std::string>(&value)) *one = absolute(*one, file);
  if (auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (auto& path : *list) path = absolute(path, file);
  }
}

}  // namespace

void Reader::read(const toml::table& document) {
  const auto& top = *find_section("", options_.document);
  for (const auto& [key, node] : document) {
    if (const auto* field = top.find(key.str())) {
      read_field(top, 0, *field, node);
    } else if (const auto* section =
                   key.str().empty() ? nullptr : find_section(key.str(), options_.document)) {
      read_section(*section, node, key);
    } else {
      unknown_key(top, 0, key, node.is_table() || node.is_array_of_tables());
    }
  }
}

void Reader::read_section(const Section& section, const toml::node& node, const toml::key& key) {
  if (!section.repeated) {
    if (const auto* table = node.as_table()) {
      read_entry(section, 0, *table);
    } else {
      problem(key.source(), std::string(section.name),
              fmt::format("[{0}] is one table: write [{0}], once", section.name));
    }
    return;
  }
  const auto* list = node.as_array();
  if (!list || !std::ranges::all_of(*list, [](const toml::node& one) { return one.is_table(); })) {
    problem(key.source(), std::string(section.name),
            fmt::format("[[{0}]] may repeat: write [[{0}]] with two brackets before each", section.name));
    return;
  }
  if (list->size() > options_.max_entries) {
    problem(key.source(), std::string(section.name),
            fmt::format("more than {} [[{}]]", options_.max_entries, section.name));
    return;
  }
  for (std::size_t index = 0; index < list->size(); ++index) {
    section.append(loaded_.config);
    const auto& table = *list->get(index)->as_table();
    loaded_.origins[fmt::format("{}[{}]", section.name, index)] = position_of(table.source());
    read_entry(section, index, table);
    require_fields(section, index, table);
  }
}

void Reader::read_entry(const Section& section, std::size_t index, const toml::table& table) {
  for (const auto& [key, node] : table) {
    if (const auto* field = section.find(key.str())) {
      read_field(section, index, *field, node);
    } else {
      unknown_key(section, index, key, node.is_table());
    }
  }
}

void Reader::require_fields(const Section& section, std::size_t index, const toml::table& table) {
  for (const auto& field : section.fields) {
    if (!field.is_required || table.contains(field.key)) continue;
    const auto hint = field.example.empty() ? std::string(field.key) : fmt::format("{} = {}", field.key, [&] {
      const auto like = field.get(section.at(loaded_.config, index));
      return std::holds_alternative<std::string>(like) ? fmt::format("\"{}\"", field.example)
                                                       : std::string(field.example);
    }());
    problem(table.source(), path_of(section, index, field.key),
            fmt::format("`{}` is missing in [[{}]]; write {}", field.key, section.name, hint));
  }
}

void Reader::read_field(const Section& section, std::size_t index, const Field& field,
                        const toml::node& node) {
  void* entry = section.at_mutable(loaded_.config, index);
  auto value = convert(section, field, node, field.get(entry));
  if (value) {
    if (auto checked = check_value(section, field, *value, options_); !checked) {
      value = std::unexpected(std::move(checked.error()));
    }
  }
  if (!value) {
    problem(node.source(), path_of(section, index, field.key), std::move(value.error().text));
    return;
  }
  if (field.shape == Format::path) make_absolute(*value, loaded_.file);
  field.set(entry, std::move(*value));
  loaded_.origins[path_of(section, index, field.key)] = position_of(node.source());
}

void Reader::unknown_key(const Section& section, std::size_t index, const toml::key& key, bool is_table) {
  auto names = keys_of(section);
  if (section.name.empty()) {
    for (const auto& one : sections(options_.document)) {
      if (!one.name.empty()) names.push_back(one.name);
    }
  }
  const auto near = nearest(key.str(), names);
  std::string text;
  if (section.name.empty()) {
    text = is_table ? fmt::format("unknown section [{}]", key.str())
                    : fmt::format("unknown key `{}`", key.str());
  } else {
    text = fmt::format("unknown key {}", name_in(section, key.str()));
  }
  if (near) {
    const bool names_section = section.name.empty() && !section.find(*near);
    text += names_section ? fmt::format("; did you mean [{}]?", *near)
                          : fmt::format("; did you mean `{}`?", *near);
  } else if (auto home = where_it_belongs(key.str(), options_.document); !home.empty()) {
    text += home;
  } else {
    text += fmt::format("; known are {}", fmt::join(names, ", "));
  }
  problem(key.source(), path_of(section, index, key.str()), std::move(text));
}

void Reader::problem(const toml::source_region& where, std::string path, std::string text) {
  problems_.push_back({loaded_.file, position_of(where), std::move(text), std::move(path)});
}

Expected<Value> Reader::convert(const Section& section, const Field& field, const toml::node& node,
                                const Value& like) {
  const auto named = [&](Error error) { return fail(std::move(error), name_in(section, field.key)); };
  if (std::holds_alternative<bool>(like)) {
    if (const auto* on = node.as_boolean()) return Value(on->get());
  } else if (std::holds_alternative<Count>(like)) {
    if (const auto* number = node.as_integer()) {
      if (number->get() >= field.min && number->get() <= field.max)
        return Value(static_cast<Count>(number->get()));
      return fail(ErrorCode::invalid_input, fmt::format("{}: {} is outside {}", name_in(section, field.key),
                                                        number->get(), range_text(field, like)));
    }
  } else if (const auto* list = node.as_array()) {
    if (std::holds_alternative<std::vector<std::string>>(like) ||
        std::holds_alternative<std::vector<Millis>>(like)) {
      return convert_list(section, field, *list, like);
    }
    if (std::holds_alternative<std::vector<Count>>(like)) return convert_counts(section, field, *list);
  } else if (const auto* table = node.as_table()) {
    if (std::holds_alternative<Match>(like)) return convert_match(section, field, *table);
  } else if (const auto* text = node.as_string()) {
    if (std::holds_alternative<std::string>(like)) return Value(text->get());
    if (std::holds_alternative<Millis>(like)) {
      auto time = parse_duration(text->get());
      return time ? Expected<Value>(*time) : named(std::move(time.error()));
    }
    if (std::holds_alternative<ByteSize>(like)) {
      auto size = parse_size(text->get());
      return size ? Expected<Value>(*size) : named(std::move(size.error()));
    }
  }
  const auto hint = std::holds_alternative<Millis>(like)     ? " such as \"5m\""
                    : std::holds_alternative<ByteSize>(like) ? " such as \"64 MiB\""
                                                             : "";
  return fail(ErrorCode::invalid_input, fmt::format("{} wants {}{}, not {}", name_in(section, field.key),
                                                    type_name(like), hint, kind_of(node)));
}

Expected<Value> Reader::convert_list(const Section& section, const Field& field, const toml::array& list,
                                     const Value& like) {
  if (list.size() > options_.max_entries) {
    return fail(ErrorCode::limit, fmt::format("{} has more than {} entries", name_in(section, field.key),
                                              options_.max_entries));
  }
  std::vector<std::string> texts;
  std::vector<Millis> times;
  const bool wants_times = std::holds_alternative<std::vector<Millis>>(like);
  for (const auto& one : list) {
    const auto* text = one.as_string();
    if (!text) {
      return fail(ErrorCode::invalid_input,
                  fmt::format("{} wants {}, and one entry is {}", name_in(section, field.key),
                              type_name(like), kind_of(one)));
    }
    texts.push_back(text->get());
    if (!wants_times) continue;
    auto time = parse_duration(text->get());
    if (!time) return fail(std::move(time.error()), name_in(section, field.key));
    times.push_back(*time);
  }
  return wants_times ? Value(std::move(times)) : Value(std::move(texts));
}

Expected<Value> Reader::convert_counts(const Section& section, const Field& field, const toml::array& list) {
  std::vector<Count> counts;
  for (const auto& one : list) {
    const auto* number = one.as_integer();
    const bool fits = number != nullptr && number->get() >= field.min && number->get() <= field.max;
    if (!fits || counts.size() >= options_.max_entries) {
      return fail(ErrorCode::invalid_input,
                  fmt::format("{} wants whole numbers, {}", name_in(section, field.key),
                              range_text(field, Value(std::vector<Count>{}))));
    }
    counts.push_back(static_cast<Count>(number->get()));
  }
  return Value(std::move(counts));
}

Expected<Value> Reader::convert_match(const Section& section, const Field& field, const toml::table& table) {
  Match match;
  for (const auto& [key, node] : table) {
    if (std::ranges::find(match_keys(), key.str()) == match_keys().end()) {
      const auto near = nearest(key.str(), match_keys());
      const auto hint = near ? fmt::format("did you mean `{}`?", *near)
                             : fmt::format("known are {}", fmt::join(match_keys(), ", "));
      return fail(ErrorCode::invalid_input,
                  fmt::format("unknown key `{}` in {}; {}", key.str(), name_in(section, field.key), hint));
    }
    const auto* text = node.as_string();
    if (!text || text->get().empty() || text->get().size() > options_.max_text) {
      return fail(ErrorCode::invalid_input,
                  fmt::format("`{}` in {} wants a text that is not empty, not {}", key.str(),
                              name_in(section, field.key), kind_of(node)));
    }
    auto value = text->get();
    const bool names_a_place = key.str() == "domain" || key.str() == "site" || key.str() == "provider";
    if (names_a_place) {
      std::ranges::transform(value, value.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    }
    match.emplace(key.str(), std::move(value));
  }
  return Value(std::move(match));
}

}  // namespace sluice::config
