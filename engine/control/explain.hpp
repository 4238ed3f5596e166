// `explain`: what blocks a message, campaign, domain or provider now, from the outermost to the innermost
// (API.md).
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "engine/control/queue_query.hpp"
#include "engine/delivery/explanation.hpp"

namespace sluice::control {

class Service;

/// `name`: a message id, a campaign ("name" or "tenant/name"), a provider of the configuration or "other", or
/// a domain, looked for in this order. not_found: none of them, or no such record waits; limit: the record
/// was not found within what one answer may read. Control's thread; blocks for a turn of each worker.
[[nodiscard]] Expected<boost::json::object> explain_answer(Service& service, const std::string& name);

/// What the stream itself makes wait. `note`: why an operator or a canary holds it.
[[nodiscard]] std::vector<delivery::Blocker> stream_blockers(const queue::Stream& stream,
                                                             const std::string& note, Instant now);

/// Of a record that waits; `last_event` is its last line in the feed, or null.
[[nodiscard]] std::vector<delivery::Blocker> record_blockers(const queue::Found& found,
                                                             const boost::json::object* last_event,
                                                             bool no_route);

/// One blocker as JSON: instants that are not known are "".
[[nodiscard]] boost::json::object blocker_json(const delivery::Blocker& blocker);

/// How fast mail goes, in recipients a second.
struct Pace {
  double measured = 0;              ///< over the last seconds
  double allowed = 0;               ///< by rates, where nothing blocks; 0: no rate limits it, or not known
  Instant begins = Instant::max();  ///< of `allowed`; max(): nobody knows when
};

/// {"provider","remaining","rate_per_s","basis":"measured"|"limits"|"unknown","at"}: when that many are gone
/// at the measured rate, without one at the allowed one.
[[nodiscard]] boost::json::object finish_json(const std::string& provider, std::uint64_t remaining,
                                              const Pace& pace, Instant now);

/// Of rows of finish_json(), the last of which is for all: it is not done before every other one is.
void end_with_last(boost::json::array& rows);

}  // namespace sluice::control
