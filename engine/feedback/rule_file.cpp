#include "engine/feedback/rule_file.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <variant>

#include "engine/base/assert.hpp"
#include "engine/base/nearest_name.hpp"
#include "engine/feedback/rule_reader.hpp"
#include "engine/feedback/visible_text.hpp"

namespace sluice::feedback {
namespace {

/// toml++ of Debian is built with exceptions; they end here.
Expected<toml::table> parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, std::string_view(file));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_input, fmt::format("{}:{}: {}", file, error.source().begin.line,
                                                      visible_text(error.description(), 300)));
  }
}

}  // namespace

Expected<std::vector<Rule>> parse_rules(std::string_view toml, std::string_view file_name,
                                        const RuleFileLimits& limits) {
  const std::string file(file_name);
  if (toml.size() > limits.file_bytes)
    return fail(ErrorCode::limit, fmt::format("{}: more than {} bytes", file, limits.file_bytes));
  const auto table = parse_toml(toml, file);
  if (!table) return std::unexpected(table.error());
  RuleReader reader(file, limits);
  std::vector<Rule> rules;
  std::set<std::string> ids;
  const auto read_one = [&](const toml::node& node) {
    const auto* entry = node.as_table();
    if (entry == nullptr) return reader.problem(node, "rules are tables: [[rule]]");
    if (rules.size() >= limits.rules)
      return reader.problem(node, fmt::format("more than {} rules", limits.rules));
    auto rule = reader.read(*entry);
    if (!rule.id.empty() && !ids.insert(rule.id).second)
      reader.problem(node, fmt::format("the id `{}` is taken by an earlier rule", rule.id));
    rules.push_back(std::move(rule));
  };
  constexpr std::string_view kTop[] = {"rule"};
  for (const auto& [key, node] : *table) {
    const auto* list = node.as_array();
    if (key != "rule") {
      reader.problem(node, fmt::format("unknown key `{}`{}", visible_text(key.str(), 80),
                                       did_you_mean(key.str(), kTop)));
    } else if (list == nullptr) {
      reader.problem(node, "rules are a list of tables: [[rule]]");
    } else {
      for (const auto& entry : *list) read_one(entry);
    }
  }
  if (reader.problems().empty()) return rules;
  return fail(ErrorCode::invalid_input, fmt::format("{}", fmt::join(reader.problems(), "\n")));
}

Expected<std::vector<Rule>> read_rules(const std::string& path, const RuleFileLimits& limits) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::not_found, fmt::format("{} cannot be read", visible_text(path, 300)));
  std::string text;
  text.resize(limits.file_bytes + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(ErrorCode::io, fmt::format("{} cannot be read", visible_text(path, 300)));
  return parse_rules(text, path, limits);
}

std::vector<Rule> builtin_rules() {
  auto rules = parse_rules(builtin_rules_toml(), "bounce_rules.toml");
  SLUICE_ASSERT(rules.has_value());  // a unit test reads the same bytes
  return std::move(*rules);
}

std::vector<Rule> merge_rules(std::vector<Rule> own, std::vector<Rule> base) {
  std::set<std::string> taken;
  for (const auto& rule : own) taken.insert(rule.id);
  std::erase_if(base, [&](const Rule& rule) { return taken.contains(rule.id); });
  own.insert(own.end(), std::make_move_iterator(base.begin()), std::make_move_iterator(base.end()));
  std::erase_if(own, [](const Rule& rule) { return rule.off; });
  return own;
}

}  // namespace sluice::feedback
