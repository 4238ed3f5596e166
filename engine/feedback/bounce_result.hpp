// From what was said about one recipient to its result: codes, stage, class. Shared by standard reports and
// notices.
#pragma once

#include <string>
#include <string_view>

#include "engine/feedback/classifier.hpp"
#include "engine/feedback/result.hpp"

namespace sluice::feedback {

/// Texts about one recipient, the most particular first. The first that a text rule knows decides; else the
/// codes of the first that has any.
struct Said {
  std::string_view diagnostic;   ///< the server's words
  std::string_view about;        ///< lines of the notice about this recipient
  std::string_view notice;       ///< the whole notice
  message::EnhancedCode status;  ///< of the report; the diagnostic's own code comes first
  std::string_view remote_mta;
};

/// Sets status, reply_code, reason, result (hard or soft), diagnostic, rule and known_text of `out`.
void decide(Result& out, const Said& said, const Classifier& classifier, std::size_t diagnostic_bytes);

}  // namespace sluice::feedback
