// The rules, compiled: which one a reply meets. Pure and immutable; any thread.
#pragma once

#include <re2/set.h>

#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/message/reply.hpp"
#include "engine/shaping/rule.hpp"

namespace sluice::shaping {

class RuleSet {
 public:
  /// Refuses rules without a name or condition, codes and patterns that are none, values out of range; the
  /// error names the rule.
  [[nodiscard]] static Expected<RuleSet> compile(const Options& options);

  /// The first rule that the reply meets; null when none does. The text is bytes of a stranger: any bytes,
  /// any length (what is beyond max_text_bytes is not looked at).
  [[nodiscard]] const RuleOptions* find(const message::Reply& reply, std::string_view stage,
                                        std::string_view provider, std::string_view bounce_class) const;
  [[nodiscard]] const std::vector<RuleOptions>& rules() const { return rules_; }

 private:
  std::vector<RuleOptions> rules_;
  std::vector<std::vector<int>> patterns_of_;  ///< of each rule: its numbers in patterns_
  std::unique_ptr<re2::RE2::Set> patterns_;
  std::size_t max_text_bytes_ = 0;
};

/// "421" by "421", "42x" or "4xx".
[[nodiscard]] bool code_matches(std::string_view pattern, unsigned code);
/// "4.7.28" by itself, "4.7.x" or "x.7.28"; an absent code by nothing.
[[nodiscard]] bool enhanced_matches(std::string_view pattern, const message::EnhancedCode& code);

/// What is wrong with a gait; empty: nothing.
[[nodiscard]] std::string problem_of(const Gait& gait);

}  // namespace sluice::shaping
