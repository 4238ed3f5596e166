#include "engine/campaign/spec_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/nearest_name.hpp"

namespace sluice::campaign {
namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date and time";
    default:
      return "nothing";
  }
}

Position position_of(const toml::source_region& region) { return {region.begin.line, region.begin.column}; }

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* s = node.as_string()) return s->get();
  if (const auto* i = node.as_integer()) return fmt::format("{}", i->get());
  if (const auto* f = node.as_floating_point()) return fmt::format("{}", f->get());
  if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
  return std::nullopt;
}

}  // namespace

KeyReader::KeyReader(const toml::table& table, std::string prefix, Problems& problems,
                     std::map<std::string, Position, std::less<>>& positions)
    : table_(table), prefix_(std::move(prefix)), problems_(problems), positions_(positions) {
  for (const auto& [key, node] : table_) {
    positions_.emplace(prefix_ + std::string(key.str()), position_of(node.source()));
  }
}

void KeyReader::problem(std::string_view key, std::string text) {
  const auto found = positions_.find(prefix_ + std::string(key));
  const auto at = found == positions_.end() ? Position{} : found->second;
  problems_.add({kSpecName, at.line, at.column, std::move(text)});
}

void KeyReader::wrong_type(std::string_view key, const toml::node& node, std::string_view expected) {
  problem(key, fmt::format("`{}{}` must be {}, not {}", prefix_, key, expected, type_name(node)));
}

const toml::node* KeyReader::find(std::string_view key) {
  known_.push_back(key);
  return table_.get(key);
}

std::optional<std::string> KeyReader::checked_text(const toml::node& node, std::string_view key,
                                                   std::size_t most_bytes) {
  const auto* string = node.as_string();
  if (string == nullptr) {
    wrong_type(key, node, "a string");
    return std::nullopt;
  }
  const std::string& value = string->get();
  if (value.size() > most_bytes) {
    problem(key, fmt::format("`{}{}` has {} bytes; at most {} are allowed", prefix_, key, value.size(),
                             most_bytes));
    return std::nullopt;
  }
  const auto control = std::find_if(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
  if (control != value.end()) {
    problem(key, fmt::format("`{}{}` holds a control byte or line break; it must be one line of text",
                             prefix_, key));
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> KeyReader::text(std::string_view key, std::size_t most_bytes) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  return checked_text(*node, key, most_bytes);
}

std::optional<std::int64_t> KeyReader::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* integer = node->as_integer();
  if (integer == nullptr) {
    wrong_type(key, *node, "an integer");
    return std::nullopt;
  }
  if (integer->get() < least || integer->get() > most) {
    problem(key,
            fmt::format("`{}{}` is {}; it must be from {} to {}", prefix_, key, integer->get(), least, most));
    return std::nullopt;
  }
  return integer->get();
}

std::optional<bool> KeyReader::boolean(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* boolean = node->as_boolean()) return boolean->get();
  wrong_type(key, *node, "true or false");
  return std::nullopt;
}

std::optional<std::vector<std::string>> KeyReader::texts(std::string_view key, std::size_t most_items,
                                                         std::size_t most_bytes) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* array = node->as_array();
  if (array == nullptr) {
    wrong_type(key, *node, "an array of strings");
    return std::nullopt;
  }
  if (array->size() > most_items) {
    problem(key, fmt::format("`{}{}` has {} items; at most {} are allowed", prefix_, key, array->size(),
                             most_items));
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (const auto& item : *array) {
    auto value = checked_text(item, key, most_bytes);
    if (!value) return std::nullopt;
    out.push_back(std::move(*value));
  }
  return out;
}

std::optional<Instant> KeyReader::instant(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_date_time();
  if (value == nullptr || !value->get().offset) {
    problem(key,
            fmt::format("`{}{}` must be a date and time with its offset from UTC and without quotes, such as "
                        "2026-12-01T09:00:00+01:00 or 2026-12-01T08:00:00Z",
                        prefix_, key));
    return std::nullopt;
  }
  const auto& at = value->get();
  using namespace std::chrono;
  const auto day =
      sys_days(year_month_day(year(at.date.year), month(at.date.month), std::chrono::day(at.date.day)));
  return Instant(day.time_since_epoch() + hours(at.time.hour) + minutes(at.time.minute) +
                 seconds(at.time.second) + duration_cast<Micros>(nanoseconds(at.time.nanosecond)) -
                 minutes(at.offset->minutes));
}

const toml::table* KeyReader::table(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return nullptr;
  const auto* table = node->as_table();
  if (table == nullptr) wrong_type(key, *node, "a table");
  return table;
}

std::vector<std::pair<std::string, std::string>> KeyReader::all_as_text(std::size_t most_items,
                                                                        std::size_t most_bytes) {
  std::vector<std::pair<Position, std::pair<std::string, std::string>>> found;
  for (const auto& [key, node] : table_) {
    const std::string_view name = key.str();
    known_.push_back(name);
    auto value = scalar_text(node);
    if (!value) {
      wrong_type(name, node, "a string, number, true or false");
    } else if (value->size() > most_bytes) {
      problem(name, fmt::format("`{}{}` has {} bytes; at most {} are allowed", prefix_, name, value->size(),
                                most_bytes));
    } else {
      found.push_back({position_of(node.source()), {std::string(name), std::move(*value)}});
    }
  }
  if (found.size() > most_items) {
    problem("", fmt::format("[{}] has {} keys; at most {} are allowed", prefix_.substr(0, prefix_.size() - 1),
                            found.size(), most_items));
    found.clear();
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  std::vector<std::pair<std::string, std::string>> out;
  for (auto& item : found) out.push_back(std::move(item.second));
  return out;
}

void KeyReader::finish() {
  for (const auto& [key, node] : table_) {
    const std::string_view name = key.str();
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const auto at = position_of(key.source());
    problems_.add({kSpecName, at.line, at.column,
                   "unknown key `" + prefix_ + visible(name, 64) + "`" + did_you_mean(name, known_)});
  }
}

}  // namespace sluice::campaign
