#include "engine/feedback/reply_class.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace sluice::feedback {
namespace {

struct TextRule {
  std::string_view words;  ///< lower case; found anywhere in the text
  BounceClass bounce_class;
};

// Words decide before codes: receivers put 4.7.1 and 5.7.1 on everything. Order matters, the first that is
// found wins.
constexpr std::array kTextRules{
    TextRule{"spamhaus", BounceClass::blocklist},
    TextRule{"blocked using", BounceClass::blocklist},
    TextRule{"listed at", BounceClass::blocklist},
    TextRule{"dnsbl", BounceClass::blocklist},
    TextRule{"greylist", BounceClass::greylist},
    TextRule{"graylist", BounceClass::greylist},
    TextRule{"grey-list", BounceClass::greylist},
    TextRule{"too many connections", BounceClass::rate_limit},
    TextRule{"too many messages", BounceClass::rate_limit},
    TextRule{"rate limit", BounceClass::rate_limit},
    TextRule{"throttl", BounceClass::rate_limit},
    TextRule{"[tss0", BounceClass::rate_limit},
    TextRule{"[ts0", BounceClass::rate_limit},
    TextRule{"user unknown", BounceClass::invalid_recipient},
    TextRule{"no such user", BounceClass::invalid_recipient},
    TextRule{"unknown user", BounceClass::invalid_recipient},
    TextRule{"mailbox full", BounceClass::mailbox_full},
    TextRule{"over quota", BounceClass::mailbox_full},
    TextRule{"quota exceeded", BounceClass::mailbox_full},
    TextRule{"content rejected", BounceClass::spam_content},
    TextRule{"detected as spam", BounceClass::spam_content},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

BounceClass by_enhanced(const message::EnhancedCode& code, bool permanent) {
  const auto subject = code.subject;
  const auto detail = code.detail;
  if (subject == 1 && detail == 2) return BounceClass::invalid_domain;
  if (subject == 1 && permanent) return BounceClass::invalid_recipient;
  if (subject == 2 && detail == 1 && permanent) return BounceClass::inactive;
  if (subject == 2 && detail == 2) return BounceClass::mailbox_full;
  if (subject == 2 && detail == 1) return BounceClass::rate_limit;
  if (subject == 3 && detail == 4) return BounceClass::too_large;
  if (subject == 4) return BounceClass::network;
  if (subject == 5) return BounceClass::protocol;
  if (subject == 7 && detail == 28) return BounceClass::rate_limit;
  if (subject == 7 && detail == 8) return BounceClass::auth_failure;
  if (subject == 7) return BounceClass::policy;
  return BounceClass::other;
}

BounceClass by_code(std::uint16_t code) {
  switch (code) {
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
      return BounceClass::protocol;
    case 535:
      return BounceClass::auth_failure;
    case 550:
    case 551:
    case 553:
      return BounceClass::invalid_recipient;
    case 552:
      return BounceClass::too_large;
    case 421:
      return BounceClass::rate_limit;
    case 452:
      return BounceClass::mailbox_full;
    default:
      return BounceClass::other;
  }
}

}  // namespace

std::string_view name_of(BounceClass bounce_class) {
  constexpr std::array<std::string_view, 19> names{"",           "invalid-recipient", "invalid-domain",
                                                   "inactive",   "mailbox-full",      "too-large",
                                                   "policy",     "spam-content",      "blocklist",
                                                   "rate-limit", "greylist",          "auth-failure",
                                                   "protocol",   "network",           "tls",
                                                   "dns",        "content",           "expired",
                                                   "other"};
  return names[static_cast<std::size_t>(bounce_class)];
}

BounceClass classify(const message::Reply& reply) {
  if (reply.positive()) return BounceClass::none;
  const auto text = lower(reply.text);
  for (const auto& rule : kTextRules) {
    if (text.find(rule.words) != std::string::npos) return rule.bounce_class;
  }
  if (!reply.enhanced.present()) return by_code(reply.code);
  const auto found = by_enhanced(reply.enhanced, reply.permanent());
  return found == BounceClass::other ? by_code(reply.code) : found;
}

}  // namespace sluice::feedback
