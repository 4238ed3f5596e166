// The one place where what happened in an attempt becomes what happens to the recipient and to the path.
#pragma once

#include <string>
#include <string_view>

#include "engine/dns/failure.hpp"
#include "engine/feedback/classifier.hpp"
#include "engine/smtp/client_connection.hpp"
#include "queue/event.hpp"

namespace sluice::delivery {

/// What one attempt came to, whichever part of the engine it ended in. Exactly one of reply (code != 0),
/// error, local and route says why.
struct Ending {
  std::string_view stage;
  const message::Reply* reply = nullptr;
  const Error* error = nullptr;
  smtp::LocalFailure local = smtp::LocalFailure::none;
  const dns::RouteFailure* route = nullptr;
  bool accepted = false;  ///< a positive reply to the end of the message
  bool in_doubt = false;
  bool reports_passed = false;  ///< accepted by a server that owes the sender's reports from now on
  std::string_view provider;    ///< of the site, "" when none is known
  std::string_view mx;          ///< the host that said it
};

[[nodiscard]] Ending ending_of(const smtp::RecipientResult& result);
[[nodiscard]] Ending ending_of(const smtp::OpenFailure& failure);
[[nodiscard]] Ending ending_of(const dns::RouteFailure& failure);

/// What the path should do about it.
enum class PathAction {
  none,
  back_off,
  hand_over,  ///< the refusal is about our source: the record tries another, once
};

struct Outcome {
  queue::EventKind kind;  ///< delivered, bounced, deferred or in_doubt
  feedback::BounceClass bounce_class = feedback::BounceClass::none;
  PathAction path = PathAction::none;
  std::string text;  ///< for a person, when no reply says it
};

/// delivered: only a 2xx to the end of the message. bounced: a 5xx about this message, a permanent routing
/// failure, or a message that may not be sent. in_doubt: the answer to the end was lost. All else is
/// deferred; what breaks the protocol too (never delivered, never bounced). What a reply means is the
/// classifier's, what a class does is feedback/action.hpp's.
[[nodiscard]] Outcome outcome_of(const Ending& ending, const feedback::Classifier& classifier);

}  // namespace sluice::delivery
