// What kind of mail this is, where no standard part says so: who sent it, its subject, its words. The lists
// are general forms in many languages, not products.
//
// A notice must come from a machine that delivers mail AND say that it could not: either alone is ordinary
// mail (people forward and discuss bounces). An auto-reply comes from a person's mailbox.
#pragma once

#include <string_view>

#include "engine/feedback/mime_message.hpp"

namespace sluice::feedback {

struct Signals {
  bool daemon = false;     ///< From or Return-Path is a mail system: mailer-daemon, postmaster …
  bool robot = false;      ///< From is no person: no-reply, a system name
  bool null_path = false;  ///< Return-Path: <>
  bool answer = false;     ///< In-Reply-To, References, or a subject that says so, from a person
  bool subject_fails = false;
  bool subject_away = false;  ///< out of office
  bool subject_unsubscribes = false;
  bool auto_replied = false;   ///< RFC 3834 Auto-Submitted: auto-replied, or what came before it
  bool failed_header = false;  ///< X-Failed-Recipients
};

[[nodiscard]] Signals signals_of(const MimeMessage& message);

/// Words of a failure to deliver.
[[nodiscard]] bool says_failure(std::string_view text);
/// Delivered or relayed, and no word of a failure.
[[nodiscard]] bool says_success(std::string_view text);
/// A line that begins with a reply code.
[[nodiscard]] bool quotes_reply(std::string_view text);
/// Words of a delay: still being tried.
[[nodiscard]] bool says_delay(std::string_view text);
/// Words of a vacation or another automatic answer.
[[nodiscard]] bool says_away(std::string_view text);

}  // namespace sluice::feedback
