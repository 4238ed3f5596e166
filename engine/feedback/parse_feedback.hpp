// A message that came back, read whole: bounce, complaint, unsubscription, automatic answer, or none of
// these.
//
// Guarantee: ordinary mail and automatic answers give no bounce; a report gives one result per recipient; any
// bytes give an answer within the bounds of ParseOptions. `hard` is said only of an address that is bad.
//
// Pure but for GMime's allocations; safe from any thread. The report is hearsay: who applies it to
// suppression asks our own token first (an unsigned Final-Recipient alone suppresses nobody).
#pragma once

#include <string_view>

#include "engine/feedback/classifier.hpp"
#include "engine/feedback/result.hpp"

namespace sluice::feedback {

struct ParseOptions {
  MimeLimits mime;
  std::size_t recipients = 1000;         ///< results at most; more set Feedback::cut
  std::size_t notice_bytes = 32u << 10;  ///< of running text that is looked at
  std::size_t diagnostic_bytes = 1024;   ///< kept of the words that decided
};

[[nodiscard]] Feedback parse_feedback(std::string_view message, const Classifier& classifier,
                                      const ParseOptions& options = {});

}  // namespace sluice::feedback
