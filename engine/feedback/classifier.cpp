#include "engine/feedback/classifier.hpp"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/feedback/reply_text.hpp"
#include "engine/feedback/rule_file.hpp"

namespace sluice::feedback {
namespace {

RE2::Options pattern_options(std::int64_t bytes) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(false);
  options.set_max_mem(bytes);
  return options;
}

/// Any entry equal; an empty list asks nothing.
bool holds(const std::vector<std::string>& list, std::string_view value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

bool holds_suffix(const std::vector<std::string>& suffixes, std::string_view host) {
  if (suffixes.empty()) return true;
  while (host.ends_with('.')) host.remove_suffix(1);
  const auto equal = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  return std::ranges::any_of(suffixes, [&](std::string_view suffix) {
    if (host.size() < suffix.size()) return false;
    const auto tail = host.substr(host.size() - suffix.size());
    const bool edge = host.size() == suffix.size() || host[host.size() - suffix.size() - 1] == '.';
    return edge && std::ranges::equal(tail, suffix, equal);
  });
}

template <class Patterns, class Value>
bool holds_any(const Patterns& patterns, const Value& value) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const auto& pattern) { return pattern.matches(value); });
}

bool suppresses(BounceClass bounce_class) {
  const auto action = action_of(bounce_class).recipient;
  return action == RecipientAction::suppress || action == RecipientAction::suppress_domain;
}

bool transient(const Refusal& refusal) {
  if (refusal.enhanced.present()) return refusal.enhanced.class_ == 4;
  return refusal.code >= 400 && refusal.code < 500;
}

}  // namespace

struct Classifier::Compiled {
  Compiled(std::vector<Rule> given, ClassifierOptions chosen)
      : rules(std::move(given)),
        options(chosen),
        set(pattern_options(chosen.automaton_bytes), RE2::UNANCHORED) {}

  Expected<> compile();
  /// Indices of rules whose text matches, ascending; rules without text are in `textless`.
  [[nodiscard]] std::vector<int> by_text(std::string_view text) const;
  [[nodiscard]] bool rest_holds(const Rule& rule, const Refusal& refusal) const {
    return holds_any(rule.codes, refusal.code) && holds_any(rule.enhanced, refusal.enhanced) &&
           holds(rule.stages, refusal.stage.empty() ? "unknown" : refusal.stage) &&
           holds(rule.providers, refusal.provider) && holds_suffix(rule.mx, refusal.mx);
  }

  std::vector<Rule> rules;
  ClassifierOptions options;
  RE2::Set set;
  std::vector<int> rule_of_pattern;
  std::vector<int> textless;
  std::vector<std::unique_ptr<RE2>> single;  ///< the same patterns, for a text the automaton cannot hold
};

Expected<> Classifier::Compiled::compile() {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto index = static_cast<int>(i);
    if (rules[i].text.empty()) textless.push_back(index);
    for (const auto& text : rules[i].text) {
      std::string problem;
      if (set.Add(text, &problem) < 0)
        return fail(ErrorCode::invalid_input, rules[i].origin + ": " + text + ": " + problem);
      rule_of_pattern.push_back(index);
      single.push_back(std::make_unique<RE2>(text, pattern_options(1 << 20)));
    }
  }
  if (!set.Compile()) return fail(ErrorCode::limit, "the text patterns together are too large");
  return {};
}

std::vector<int> Classifier::Compiled::by_text(std::string_view text) const {
  std::vector<int> found;
  if (rule_of_pattern.empty() || text.empty()) return found;
  RE2::Set::ErrorInfo error{};
  set.Match(text, &found, &error);
  if (error.kind == RE2::Set::kOutOfMemory) {
    found.clear();
    for (std::size_t i = 0; i < single.size(); ++i) {
      if (RE2::PartialMatch(text, *single[i])) found.push_back(static_cast<int>(i));
    }
  }
  for (auto& index : found) index = rule_of_pattern[static_cast<std::size_t>(index)];
  std::ranges::sort(found);
  return found;
}

Classifier::Classifier(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

Expected<Classifier> Classifier::build(std::vector<Rule> rules, ClassifierOptions options) {
  auto compiled = std::make_unique<Compiled>(std::move(rules), options);
  if (auto done = compiled->compile(); !done) return std::unexpected(done.error());
  return Classifier(std::move(compiled));
}

const Classifier& Classifier::builtin() {
  static const Classifier classifier = [] {
    auto built = build(merge_rules({}, builtin_rules()));
    SLUICE_ASSERT(built.has_value());  // a unit test builds the same rules
    return std::move(*built);
  }();
  return classifier;
}

Verdict Classifier::classify(const Refusal& refusal) const {
  if (refusal.code >= 200 && refusal.code < 400) return {BounceClass::none, nullptr, false};
  const auto& compiled = *compiled_;
  const auto texts = compiled.by_text(one_line(refusal.text, compiled.options.text_bytes));
  // Two ascending lists of rules, walked as one.
  auto text = texts.begin();
  auto other = compiled.textless.begin();
  Verdict verdict;
  while (text != texts.end() || other != compiled.textless.end()) {
    const bool by_text = other == compiled.textless.end() || (text != texts.end() && *text < *other);
    const auto& rule = compiled.rules[static_cast<std::size_t>(by_text ? *text++ : *other++)];
    if (!compiled.rest_holds(rule, refusal)) continue;
    verdict = {rule.bounce_class, &rule, by_text};
    break;
  }
  if (transient(refusal) && suppresses(verdict.bounce_class)) verdict.bounce_class = BounceClass::other;
  return verdict;
}

std::span<const Rule> Classifier::rules() const { return compiled_->rules; }

Expected<std::shared_ptr<const Classifier>> load_classifier(const std::string& path) {
  std::vector<Rule> own;
  if (!path.empty()) {
    auto read = read_rules(path);
    if (!read) return std::unexpected(read.error());
    own = std::move(*read);
  }
  auto built = Classifier::build(merge_rules(std::move(own), builtin_rules()));
  if (!built) return std::unexpected(built.error());
  return std::make_shared<const Classifier>(std::move(*built));
}

}  // namespace sluice::feedback
