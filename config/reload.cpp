#include "config/reload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/schema.hpp"

namespace sluice::config {
namespace {

bool all_live(const Section& section) { return std::ranges::all_of(section.fields, &Field::is_live); }

/// Name of each entry → its index; a name that is not unique gets its position too.
std::vector<std::string> labels_of(const Section& section, const Config& config) {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < section.count(config); ++i) {
    std::string label;
    for (const auto key : section.identity) {
      const auto text = std::get<std::string>(section.find(key)->get(section.at(config, i)));
      label += (label.empty() ? "" : " ") + text;
    }
    labels.push_back(section.identity.empty() ? fmt::format("{}", i) : label);
  }
  return labels;
}

std::string entry_text(const Section& section, const void* entry) {
  std::string out = "{ ";
  for (const auto& field : section.fields) {
    out += fmt::format("{}{} = {}", out.size() > 2 ? ", " : "", field.key, to_toml(field.get(entry)));
  }
  return out + " }";
}

void compare_fields(const Section& section, const std::string& prefix, const void* before, const void* after,
                    std::vector<Change>& out) {
  for (const auto& field : section.fields) {
    auto from = to_toml(field.get(before));
    auto to = to_toml(field.get(after));
    if (from == to) continue;
    const bool live = section.repeated ? all_live(section) : field.is_live;
    out.push_back({prefix + std::string(field.key), std::move(from), std::move(to), live});
  }
}

void compare_entries(const Section& section, const Config& old, const Config& now, std::vector<Change>& out) {
  const auto before = labels_of(section, old);
  const auto after = labels_of(section, now);
  std::map<std::string, std::size_t> index_after;
  for (std::size_t i = 0; i < after.size(); ++i) index_after.emplace(after[i], i);
  std::map<std::string, std::size_t> index_before;
  for (std::size_t i = 0; i < before.size(); ++i) index_before.emplace(before[i], i);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto path = fmt::format("{}[{}]", section.name, before[i]);
    const auto found = index_after.find(before[i]);
    if (found == index_after.end()) {
      out.push_back({path, entry_text(section, section.at(old, i)), "", all_live(section)});
    } else {
      compare_fields(section, path + '.', section.at(old, i), section.at(now, found->second), out);
    }
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (index_before.contains(after[i])) continue;
    out.push_back({fmt::format("{}[{}]", section.name, after[i]), "", entry_text(section, section.at(now, i)),
                   all_live(section)});
  }
}

}  // namespace

std::vector<Change> diff(const Config& old, const Config& now) {
  std::vector<Change> out;
  for (const auto& section : sections()) {
    if (section.repeated) {
      compare_entries(section, old, now, out);
    } else {
      const auto prefix = section.name.empty() ? std::string() : fmt::format("{}.", section.name);
      compare_fields(section, prefix, section.at(old, 0), section.at(now, 0), out);
    }
  }
  return out;
}

Config merge(const Config& running, const Config& now) {
  Config out = running;
  for (const auto& section : sections()) {
    if (section.repeated) {
      if (all_live(section)) section.copy(out, now);
      continue;
    }
    for (const auto& field : section.fields) {
      if (field.is_live) field.set(section.at_mutable(out, 0), field.get(section.at(now, 0)));
    }
  }
  return out;
}

std::expected<std::vector<Change>, Problems> Current::reload() {
  auto next = load_file(loaded_.file, options_);
  if (!next) return std::unexpected(std::move(next.error()));
  auto changes = diff(loaded_.config, next->config);
  next->config = merge(loaded_.config, next->config);
  loaded_ = std::move(*next);
  return changes;
}

}  // namespace sluice::config
