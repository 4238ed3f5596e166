// bounce_rules.toml: read, checked and merged. A broken file is answered with every problem found, each with
// its line and the nearest valid word; nothing of it is used.
//
// [[rule]] id = "…", class = "policy", text = ['…'], code = [550, "4xx"], enhanced = ["5.7.*", "none"],
// stage = ["rcpt"], provider = ["google"], mx = ["google.com"], note = "…", off = true
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/feedback/rule.hpp"

namespace sluice::feedback {

struct RuleFileLimits {
  std::size_t file_bytes = 1u << 20;
  std::size_t rules = 2000;
  std::size_t patterns = 5000;      ///< text entries of all rules
  std::size_t pattern_bytes = 500;  ///< of one text entry
  std::size_t pattern_size = 2000;  ///< RE2 program size of one text entry (its "cost")
  std::size_t problems = 50;        ///< named in the error; more are not looked for
};

/// The rules in file order. On invalid_input the text has a line a problem, "FILE:LINE: …", joined by '\n'.
[[nodiscard]] Expected<std::vector<Rule>> parse_rules(std::string_view toml, std::string_view file_name,
                                                      const RuleFileLimits& limits = {});

/// not_found, limit, or parse_rules' errors.
[[nodiscard]] Expected<std::vector<Rule>> read_rules(const std::string& path,
                                                     const RuleFileLimits& limits = {});

/// The rules compiled into the program (config/bounce_rules.toml).
[[nodiscard]] std::string_view builtin_rules_toml();
[[nodiscard]] std::vector<Rule> builtin_rules();

/// `own` on top of `base`: own rules come first, in their order; a rule of `base` with the same id is gone.
/// Rules that are `off` are dropped at the end.
[[nodiscard]] std::vector<Rule> merge_rules(std::vector<Rule> own, std::vector<Rule> base);

}  // namespace sluice::feedback
