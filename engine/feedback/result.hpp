// What a message that came back says about one recipient, and what it quotes of the message we sent. Plain
// values; texts are untrusted bytes of others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/feedback/action.hpp"
#include "engine/feedback/mime_message.hpp"

namespace sluice::feedback {

/// `hard` means the address is bad (unknown user or domain, moved, takes no mail), not "5xx": a refusal for
/// spam, policy or space is soft.
enum class ResultClass : std::uint8_t { none, hard, soft, complaint, autoreply, delivered };

[[nodiscard]] constexpr std::string_view name_of(ResultClass result) {
  constexpr std::string_view names[] = {"none", "hard", "soft", "complaint", "autoreply", "delivered"};
  return names[static_cast<std::size_t>(result)];
}

struct Result {
  std::string recipient;  ///< as the report writes it; "" when it names none (the token of our message may)
  std::string original_recipient;  ///< Original-Recipient, when it differs: the address we wrote to
  ResultClass result = ResultClass::none;
  std::string status;  ///< RFC 3463 "5.1.1", or ""
  std::uint16_t reply_code = 0;
  BounceClass reason = BounceClass::none;
  std::string feedback_type;  ///< complaints: abuse, fraud, virus, auth-failure, not-spam, opt-out, other
  std::string action;         ///< of a DSN: failed, delayed, delivered, relayed, expanded; "" when unsaid
  std::string diagnostic;     ///< the words that decided, one line, at most ParseOptions::diagnostic_bytes
  std::string remote_mta;     ///< who refused it, as reported
  std::string rule;           ///< id of the rule that decided, "" for none
  bool known_text = false;    ///< a text pattern decided, not a code

  /// A delay is no failure: it counts as nothing.
  [[nodiscard]] bool final() const { return action != "delayed"; }
  /// What follows for the address. A complaint or an unsubscription suppresses; what a machine reports
  /// (auth-failure) or takes back (not-spam) does not.
  [[nodiscard]] RecipientAction recipient_action() const;
};

/// Of our message, as the report quotes it: where our tokens are.
struct OriginalMessage {
  std::string message_id;   ///< with its <>
  std::string return_path;  ///< without <>
  std::string to;           ///< first address of To
  std::string from;         ///< first address of From
  std::string subject;      ///< decoded
  std::string list_unsubscribe;
  std::string feedback_id;
  std::vector<HeaderField> x_fields;  ///< X-…: names in lower case
};

struct Feedback {
  enum class Kind : std::uint8_t { none, dsn, notice, complaint, unsubscribe, autoreply };

  Kind kind = Kind::none;
  std::vector<Result> results;
  OriginalMessage original;
  std::string addressed_to;  ///< whom the report was sent to: our return path, with its token
  bool cut = false;          ///< a limit left something out
};

/// "dsn", "notice" (a bounce in no standard form), "complaint" …
[[nodiscard]] constexpr std::string_view name_of(Feedback::Kind kind) {
  constexpr std::string_view names[] = {"none", "dsn", "notice", "complaint", "unsubscribe", "autoreply"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace sluice::feedback
