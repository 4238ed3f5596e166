// One [[rule]] table of a rule file, key by key. Used by rule_file.cpp only: it holds what a whole file
// shares.
#pragma once

#include <toml++/toml.h>
#include <string>
#include <string_view>
#include <vector>

#include "engine/feedback/rule_file.hpp"

namespace sluice::feedback {

/// Collects problems as "FILE:LINE: text"; never more than limits.problems.
class RuleReader {
 public:
  RuleReader(std::string_view file, const RuleFileLimits& limits) : file_(file), limits_(limits) {}

  /// Reports what is wrong; the rule is only good when no problem was added.
  Rule read(const toml::table& table);

  void problem(const toml::node& at, std::string text);
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] std::size_t patterns() const { return patterns_; }

 private:
  void read_key(Rule& rule, std::string_view key, const toml::node& node);
  void read_class(Rule& rule, const toml::node& node);
  void read_texts(Rule& rule, const toml::node& node);
  void read_codes(Rule& rule, const toml::node& node);
  void read_enhanced(Rule& rule, const toml::node& node);
  void read_stages(Rule& rule, const toml::node& node);
  /// Strings of an array, or one string; `what` for the problem.
  std::vector<std::pair<std::string, const toml::node*>> strings(const toml::node& node,
                                                                 std::string_view what);

  std::string file_;
  const RuleFileLimits& limits_;
  std::vector<std::string> problems_;
  std::size_t patterns_ = 0;
};

}  // namespace sluice::feedback
