#include "config/show.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/format.hpp"
#include "config/schema.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t kWidth = 110;

constexpr std::string_view kHead =
    R"(# sluice.toml: every key. A key that stays commented out has the value shown, unless it says "not set".
# Generated from the schema by `sluice config reference`; a test keeps both equal.
# Durations: "250ms" "30s" "5m" "48h" "14d". Sizes: "512 B" "16 KiB" "64 MiB" "50 GiB". Rates: "2,000/min"
# "100/s burst 10". Relative paths start at the folder of this file. "live": a reload applies it.
# An unknown key, a wrong type or a value out of range stops start-up and names file, line and column.
)";

/// `text` in lines of at most kWidth columns, each behind "# ".
std::string comment(std::string_view text) {
  std::string out = "#";
  std::size_t column = 1;
  while (!text.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    if (column + 1 + space > kWidth) {
      out += "\n#";
      column = 1;
    }
    out += fmt::format(" {}", text.substr(0, space));
    column += 1 + space;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out + '\n';
}

bool says_nothing(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty();
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return list->empty();
  if (const auto* list = std::get_if<std::vector<Count>>(&value)) return list->empty();
  const auto* match = std::get_if<Match>(&value);
  return match && match->empty();
}

std::string key_lines(const Field& field, const Value& standard) {
  std::vector<std::string> notes;
  if (auto range = range_text(field, standard); !range.empty()) notes.push_back(std::move(range));
  if (!field.choices.empty())
    notes.push_back(fmt::format("one of \"{}\"", fmt::join(field.choices, "\", \"")));
  const bool is_example = says_nothing(standard) && !field.example.empty();
  if (is_example) notes.emplace_back(field.is_required ? "required" : "not set");
  if (field.is_live) notes.emplace_back("live");
  auto text = std::string(field.doc);
  if (!notes.empty()) text += fmt::format(" ({})", fmt::join(notes, "; "));
  std::string value = to_toml(standard);
  if (is_example) {
    value = std::holds_alternative<std::string>(standard) ? fmt::format("\"{}\"", field.example)
                                                          : std::string(field.example);
  }
  return comment(text) + fmt::format("#{} = {}\n", field.key, value);
}

}  // namespace

std::vector<Setting> settings(const Loaded& loaded) {
  std::vector<Setting> out;
  for (const auto& section : sections()) {
    for (std::size_t i = 0; i < section.count(loaded.config); ++i) {
      const void* entry = section.at(loaded.config, i);
      for (const auto& field : section.fields) {
        auto path = path_of(section, i, field.key);
        const auto found = loaded.origins.find(path);
        auto origin =
            found == loaded.origins.end() ? "default" : fmt::format("{}:{}", loaded.file, found->second.line);
        out.push_back({std::move(path), to_toml(field.get(entry)), std::move(origin), field.is_live});
      }
    }
  }
  return out;
}

std::string reference() {
  std::string out(kHead);
  for (const auto& section : sections()) {
    Config scratch;
    const void* entry = section.repeated ? section.append(scratch) : section.at(scratch, 0);
    out += '\n' + comment(section.doc);
    if (!section.name.empty()) {
      out += section.repeated ? fmt::format("#[[{}]]\n", section.name) : fmt::format("[{}]\n", section.name);
    }
    for (const auto& field : section.fields) out += key_lines(field, field.get(entry));
  }
  return out;
}

}  // namespace sluice::config
