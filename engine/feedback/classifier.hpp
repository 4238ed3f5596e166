// From what a receiver said to one class: a live reply, or the diagnostic of a bounce. The first rule that
// matches decides, in the order of the rule file; without one the class is `other`.
//
// Built once, then const and shared: classify() is safe from any thread, takes no lock that is contended in
// steady state, never touches the disk, and costs a few microseconds whatever the number of rules: all text
// patterns are one automaton (RE2::Set).
//
// Invariants that no rule file can change: a positive reply has no class; a transient reply never gets a
// class that suppresses (its class is then `other`).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/feedback/action.hpp"
#include "engine/feedback/rule.hpp"

namespace sluice::feedback {

struct ClassifierOptions {
  std::size_t text_bytes = 1024;             ///< of a reply's text that rules see; the rest is ignored
  std::int64_t automaton_bytes = 64L << 20;  ///< cache of the automaton, grown as texts need it
};

/// Views need only live for the call. Empty and zero: not known.
struct Refusal {
  std::uint16_t code = 0;
  message::EnhancedCode enhanced;
  std::string_view text;
  std::string_view stage;
  std::string_view provider;
  std::string_view mx;  ///< the host that said it
};

struct Verdict {
  BounceClass bounce_class = BounceClass::other;
  const Rule* rule = nullptr;  ///< lives as long as the classifier; null: no rule matched
  bool by_text = false;        ///< a text pattern decided: the text is a known one

  [[nodiscard]] std::string_view rule_id() const { return rule == nullptr ? std::string_view() : rule->id; }
};

class Classifier {
 public:
  /// `rules` have passed parse_rules, or their patterns are checked again here (invalid_input).
  [[nodiscard]] static Expected<Classifier> build(std::vector<Rule> rules, ClassifierOptions options = {});
  /// The built-in rules alone; one object for the whole program.
  [[nodiscard]] static const Classifier& builtin();

  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  /// Any bytes as text.
  [[nodiscard]] Verdict classify(const Refusal& refusal) const;
  [[nodiscard]] std::span<const Rule> rules() const;

 private:
  struct Compiled;
  explicit Classifier(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

/// Built-in rules, with those of `path` on top; `path` empty: the built-in ones.
[[nodiscard]] Expected<std::shared_ptr<const Classifier>> load_classifier(const std::string& path);

}  // namespace sluice::feedback
