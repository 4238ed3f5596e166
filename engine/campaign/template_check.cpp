#include "engine/campaign/template_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/nearest_name.hpp"
#include "engine/campaign/row_mapper.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kMaxNotes = 50;

/// Takes "line L, column C: " off the front of a template's error.
Position take_position(std::string& text) {
  Position at;
  constexpr std::string_view kLine = "line ";
  constexpr std::string_view kColumn = ", column ";
  if (!text.starts_with(kLine)) return at;
  const char* const end = text.data() + text.size();
  const auto line = std::from_chars(text.data() + kLine.size(), end, at.line);
  const std::string_view rest(line.ptr, static_cast<std::size_t>(end - line.ptr));
  if (line.ec != std::errc{} || !rest.starts_with(kColumn)) return {};
  const auto column = std::from_chars(line.ptr + kColumn.size(), end, at.column);
  if (column.ec != std::errc{} || end - column.ptr < 2 || *column.ptr != ':') return {};
  text.erase(0, static_cast<std::size_t>(column.ptr + 2 - text.data()));
  return at;
}

}  // namespace

TemplateCheck::TemplateCheck(const CampaignSpec& spec, const std::vector<std::string>& list_columns,
                             ListFormat format)
    : spec_(spec),
      columns_(list_columns),
      format_(format),
      defaults_(spec.defaults.begin(), spec.defaults.end()) {
  if (auto layout = message::RowLayout::of(list_columns)) layout_ = std::move(*layout);
}

void TemplateCheck::add_spec() {
  add(kSpecName, spec_.where("subject"), spec_.subject, message::Mode::header);
  for (const auto& [name, value] : spec_.headers) {
    add(kSpecName, spec_.where("headers." + name), value, message::Mode::header);
  }
}

void TemplateCheck::add_file(const std::string& name, std::string_view source, message::Mode mode) {
  add(name, {}, source, mode);
}

/// `base` is where a value of campaign.toml stands; within a file (no base) the template's own position
/// counts.
void TemplateCheck::add(const std::string& file, Position base, std::string_view source, message::Mode mode) {
  auto compiled = message::Template::compile(source, mode, layout_, defaults_);
  if (!compiled) {
    auto text = compiled.error().text;
    const auto at = base.line == 0 ? take_position(text) : base;
    problems_.add({file, at.line, at.column, std::move(text)});
    return;
  }
  for (const auto& variable : compiled->variables()) {
    const auto first = variable.name.substr(0, variable.name.find('.'));
    if (!message::extra_named(first) ||
        std::find(columns_.begin(), columns_.end(), first) != columns_.end()) {
      used_.push_back(variable.name);
    }
    if (variable.known || variable.in_section || notes_.size() == kMaxNotes) continue;
    const std::vector<std::string_view> names(columns_.begin(), columns_.end());
    const Position at = base.line == 0 ? Position{variable.line, variable.column} : base;
    notes_.push_back(fmt::format("{}:{}:{}: no column and no default fills {{{{{}}}}}; it will be empty{}",
                                 visible(file), at.line, at.column, visible(variable.name, 64),
                                 did_you_mean(first, names)));
  }
}

std::vector<std::string> TemplateCheck::kept() const {
  auto used = used_;
  used.insert(used.end(), spec_.meta.begin(), spec_.meta.end());
  if (!spec_.time_zone.column.empty()) used.push_back(spec_.time_zone.column);
  return kept_columns(format_, columns_, used);
}

}  // namespace sluice::campaign
