// One line of knowledge: what a refusal looks like, and which class it is. Read from bounce_rules.toml
// (rule_file.hpp), asked by Classifier. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/feedback/bounce_class.hpp"
#include "engine/message/reply.hpp"

namespace sluice::feedback {

/// 550 or all of 5xx. Inclusive.
struct CodeRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  [[nodiscard]] bool matches(std::uint16_t code) const { return code >= first && code <= last; }
};

/// "5.7.1", "x.7.*", "none" (the reply has no enhanced code).
struct EnhancedPattern {
  static constexpr int kAny = -1;
  bool absent = false;
  int class_ = kAny;
  int subject = kAny;
  int detail = kAny;
  [[nodiscard]] bool matches(const message::EnhancedCode& code) const {
    if (absent || !code.present()) return absent && !code.present();
    return (class_ == kAny || class_ == code.class_) && (subject == kAny || subject == code.subject) &&
           (detail == kAny || detail == code.detail);
  }
};

/// Matches when every list that is not empty has an entry that does.
struct Rule {
  std::string id;  ///< unique; a later file's rule of the same id takes its place
  BounceClass bounce_class = BounceClass::other;
  std::vector<std::string> text;  ///< RE2, any case, anywhere in the text (reply_text.hpp: blanks are single)
  std::vector<CodeRange> codes;
  std::vector<EnhancedPattern> enhanced;
  std::vector<std::string> stages;     ///< as in events: connect, banner … dot; "unknown": none is known
  std::vector<std::string> providers;  ///< names of [[provider]]
  std::vector<std::string> mx;         ///< host suffixes: "google.com" matches aspmx.l.google.com
  std::string note;                    ///< where this is known from
  std::string origin;                  ///< "bounce_rules.toml:12"
  bool off = false;
};

}  // namespace sluice::feedback
