#include "engine/shaping/rule_set.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::shaping {
namespace {

bool is_code(std::string_view text) {
  if (text.size() != 3 || (text[0] != '4' && text[0] != '5')) return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) { return (c >= '0' && c <= '9') || c == 'x'; });
}

bool is_enhanced(std::string_view text) {
  int dots = 0;
  std::size_t run = 0;
  for (const char c : text) {
    if (c == '.') {
      if (run == 0) return false;
      ++dots;
      run = 0;
      continue;
    }
    if ((c < '0' || c > '9') && c != 'x') return false;
    if (++run > 3) return false;
  }
  return dots == 2 && run > 0;
}

std::string problem_with(const RuleOptions& rule, const Options& options) {
  const bool any = !rule.stages.empty() || !rule.codes.empty() || !rule.enhanced.empty() ||
                   !rule.texts.empty() || !rule.bounce_classes.empty();
  if (!any) return "has no condition; give it code, enhanced, text, class or stage";
  for (const auto& code : rule.codes) {
    if (!is_code(code)) return fmt::format("code \"{}\" is none; write 421, 45x or 5xx", code);
  }
  for (const auto& code : rule.enhanced) {
    if (!is_enhanced(code)) return fmt::format("enhanced \"{}\" is none; write 4.7.28 or 4.7.x", code);
  }
  for (const auto& text : rule.texts) {
    if (text.empty()) return "text is empty";
    if (text.size() > options.max_pattern_bytes) {
      return fmt::format("text is longer than {} bytes", options.max_pattern_bytes);
    }
  }
  return problem_of(rule.gait);
}

re2::RE2::Options pattern_options(const Options& options) {
  re2::RE2::Options out;
  out.set_case_sensitive(false);
  out.set_encoding(re2::RE2::Options::EncodingLatin1);  // replies are bytes, not always UTF-8
  out.set_dot_nl(true);                                 // a reply's lines are one text
  out.set_log_errors(false);
  out.set_max_mem(static_cast<std::int64_t>(options.max_pattern_memory));
  return out;
}

}  // namespace

bool code_matches(std::string_view pattern, unsigned code) {
  if (pattern.size() != 3 || code < 100 || code > 999) return false;
  const char digits[3] = {static_cast<char>('0' + code / 100), static_cast<char>('0' + code / 10 % 10),
                          static_cast<char>('0' + code % 10)};
  for (std::size_t i = 0; i < 3; ++i) {
    if (pattern[i] != 'x' && pattern[i] != digits[i]) return false;
  }
  return true;
}

bool enhanced_matches(std::string_view pattern, const message::EnhancedCode& code) {
  if (!code.present()) return false;
  const unsigned parts[3] = {code.class_, code.subject, code.detail};
  for (const auto part : parts) {
    const auto dot = std::min(pattern.find('.'), pattern.size());
    const auto want = pattern.substr(0, dot);
    if (want != "x" && want != std::to_string(part)) return false;
    pattern.remove_prefix(std::min(dot + 1, pattern.size()));
  }
  return pattern.empty();
}

std::string problem_of(const Gait& gait) {
  if (gait.pause.count() < 0 || gait.pause > gait.pause_max) return "pause is longer than pause_max";
  if (gait.reduce_percent < 1 || gait.reduce_percent > 99) return "reduce must be from 1 to 99 percent";
  if (gait.recover_percent < 1 || gait.recover_percent > 1000)
    return "recover must be from 1 to 1000 percent";
  if (gait.recover_every.count() < 1) return "recover_every must be longer than nothing";
  if (gait.recover_every > gait.recover_max) return "recover_every is longer than recover_max";
  return {};
}

Expected<RuleSet> RuleSet::compile(const Options& options) {
  if (options.rules.size() > options.max_rules) {
    return fail(ErrorCode::limit,
                fmt::format("{} rules, and max_rules is {}", options.rules.size(), options.max_rules));
  }
  RuleSet out;
  out.rules_ = options.rules;
  out.max_text_bytes_ = options.max_text_bytes;
  out.patterns_ = std::make_unique<re2::RE2::Set>(pattern_options(options), re2::RE2::UNANCHORED);
  bool any = false;
  for (const auto& rule : out.rules_) {
    const auto refuse = [&](const std::string& why) {
      return fail(ErrorCode::invalid_input, fmt::format("rule \"{}\": {}", rule.name, why));
    };
    if (rule.name.empty()) return refuse("has no name");
    if (const auto why = problem_with(rule, options); !why.empty()) return refuse(why);
    auto& numbers = out.patterns_of_.emplace_back();
    for (const auto& text : rule.texts) {
      std::string error;
      numbers.push_back(out.patterns_->Add(text, &error));
      if (numbers.back() < 0) return refuse(fmt::format("text \"{}\" is no pattern: {}", text, error));
      any = true;
    }
  }
  if (!any) {
    out.patterns_.reset();
  } else if (!out.patterns_->Compile()) {
    return fail(ErrorCode::limit, "the rules' texts need more memory than max_pattern_memory");
  }
  return out;
}

const RuleOptions* RuleSet::find(const message::Reply& reply, std::string_view stage,
                                 std::string_view provider, std::string_view bounce_class) const {
  if (reply.code < 400) return nullptr;
  std::vector<int> hits;
  if (patterns_) {
    const auto text = std::string_view(reply.text).substr(0, max_text_bytes_);
    // Out of memory for its automaton: no pattern is met, the rules without a text still are.
    if (!patterns_->Match({text.data(), text.size()}, &hits)) hits.clear();
  }
  const auto one_of = [](const auto& list, const auto& holds) {
    return list.empty() || std::any_of(list.begin(), list.end(), holds);
  };
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const auto& rule = rules_[i];
    const auto hit = [&](int number) { return std::find(hits.begin(), hits.end(), number) != hits.end(); };
    if (!one_of(patterns_of_[i], hit)) continue;
    if (!rule.provider.empty() && rule.provider != provider) continue;
    if (!one_of(rule.bounce_classes, [&](const auto& name) { return name == bounce_class; })) continue;
    if (!one_of(rule.stages, [&](const auto& name) { return name == stage; })) continue;
    if (!one_of(rule.codes, [&](const auto& code) { return code_matches(code, reply.code); })) continue;
    if (!one_of(rule.enhanced, [&](const auto& code) { return enhanced_matches(code, reply.enhanced); }))
      continue;
    return &rule;
  }
  return nullptr;
}

}  // namespace sluice::shaping
