// bounce_rules.toml over arbitrary bytes: rules that compile and classify, or problems with their lines.
#include <cstdint>
#include <string_view>

#include "engine/base/assert.hpp"
#include "engine/feedback/classifier.hpp"
#include "engine/feedback/rule_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::feedback;
  const auto rules = parse_rules({reinterpret_cast<const char*>(data), size}, "own.toml");
  if (!rules) {
    SLUICE_ASSERT(rules.error().text.starts_with("own.toml"));
    for (const char c : rules.error().text) SLUICE_ASSERT(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
    return 0;
  }
  const auto classifier = Classifier::build(merge_rules(*rules, {}), {.automaton_bytes = 8 << 20});
  if (!classifier) return 0;
  const auto verdict =
      classifier->classify({450, {4, 1, 1}, "450 4.1.1 <a@b.test>: user unknown", "rcpt", "p", "mx.b.test"});
  const auto action = action_of(verdict.bounce_class).recipient;
  SLUICE_ASSERT(action != RecipientAction::suppress && action != RecipientAction::suppress_domain);
  return 0;
}
