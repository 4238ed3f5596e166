// What a bounce class does: one row a class (FACTS of the trade, 4). The only place that says so;
// suppression, retries, shaping and alerts read it here.
//
// Invariant: only classes that speak of the address touch the recipient. A refusal that speaks of us (policy,
// blocklist, spam, rate) never suppresses: suppressing it would destroy the list.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/feedback/bounce_class.hpp"

namespace sluice::feedback {

/// To the recipient, when the refusal is final.
enum class RecipientAction : std::uint8_t {
  none,
  suppress,         ///< the address, at once
  suppress_domain,  ///< every address of the domain, for a time
  count_soft,       ///< one soft bounce; the count promotes it
};

/// How a refusal that is not final is tried again.
enum class RetryAction : std::uint8_t {
  none,       ///< it is not
  ladder,     ///< [retry] ladder
  greylist,   ///< [retry] greylist, same source and MAIL FROM
  next_host,  ///< another host of the site at once, then the ladder
};

/// Who slows down.
enum class Brake : std::uint8_t {
  none,
  back_off,    ///< this path, at once
  slow,        ///< the source at that provider, by ratio (shaping rules)
  source_out,  ///< the source leaves the rotation at that provider
  campaign,    ///< the campaign pauses when its ratio passes a threshold
  relay,       ///< the relay's circuit opens
};

/// Who told us: a reply on our own connection is first-hand; a bounce that came by mail is hearsay.
enum class Witness : std::uint8_t { reply, bounce };

struct Action {
  RecipientAction recipient = RecipientAction::none;
  RetryAction retry = RetryAction::none;
  Brake brake = Brake::none;
  bool alert = false;
  friend bool operator==(const Action&, const Action&) = default;
};

/// A bounce about an inactive mailbox counts as soft (mailboxes are reopened, and bounces are easily made
/// up); a reply that says so suppresses.
[[nodiscard]] Action action_of(BounceClass bounce_class, Witness witness = Witness::reply);

/// "suppress-domain", "count-soft" …
[[nodiscard]] std::string_view name_of(RecipientAction action);
[[nodiscard]] std::string_view name_of(RetryAction action);
[[nodiscard]] std::string_view name_of(Brake brake);

}  // namespace sluice::feedback
