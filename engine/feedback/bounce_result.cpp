#include "engine/feedback/bounce_result.hpp"

#include <array>

#include "engine/feedback/diagnostic.hpp"
#include "engine/feedback/reply_text.hpp"

namespace sluice::feedback {
namespace {

bool is_generic(const message::EnhancedCode& code) { return code.subject == 0 && code.detail == 0; }

bool is_bad_address(BounceClass reason) {
  return reason == BounceClass::invalid_recipient || reason == BounceClass::invalid_domain;
}

}  // namespace

void decide(Result& out, const Said& said, const Classifier& classifier, std::size_t diagnostic_bytes) {
  const std::array<std::string_view, 3> texts{said.diagnostic, said.about, said.notice};
  // Codes: the most particular text that has one; the report's Status where the texts have none.
  Codes codes;
  for (const auto text : texts) {
    const auto found = find_codes(text);
    if (codes.code == 0) codes.code = found.code;
    if (!codes.enhanced.present()) codes.enhanced = found.enhanced;
    if (codes.code != 0 && codes.enhanced.present()) break;
    if (!said.diagnostic.empty() && (codes.code != 0 || said.status.present())) break;
  }
  if (!codes.enhanced.present() || (is_generic(codes.enhanced) && said.status.present())) {
    codes.enhanced = said.status;
  }
  std::string_view stage;
  for (const auto text : texts) {
    if (stage.empty()) stage = stage_in(text);
  }
  Verdict best;
  std::string_view decided_by;
  for (const auto text : texts) {
    if (text.empty()) continue;
    const auto verdict =
        classifier.classify(Refusal{codes.code, codes.enhanced, text, stage, {}, said.remote_mta});
    // Vague words ("service unavailable") give way to plain ones further on.
    const bool vague = best.bounce_class == BounceClass::other;
    if (decided_by.empty() ||
        (verdict.by_text && (!best.by_text || (vague && verdict.bounce_class != best.bounce_class)))) {
      best = verdict;
      decided_by = text;
    }
    if (best.by_text && best.bounce_class != BounceClass::other) break;
  }
  if (decided_by.empty()) best = classifier.classify(Refusal{codes.code, codes.enhanced, {}, stage, {}, {}});
  out.reply_code = codes.code;
  out.status = codes.enhanced.text();
  out.reason = best.bounce_class;
  out.rule = best.rule_id();
  out.known_text = best.by_text;
  out.diagnostic = one_line(decided_by, diagnostic_bytes);
  out.remote_mta = said.remote_mta;
  out.result = is_bad_address(best.bounce_class) ? ResultClass::hard : ResultClass::soft;
}

}  // namespace sluice::feedback
