// What is told about waiting records, as JSON (API.md): by the running service, and by the command line when
// none runs.
#pragma once

#include <boost/json/object.hpp>

#include "engine/control/queue_query.hpp"

namespace sluice::control {

inline constexpr std::size_t kMaxListed = 1000;             ///< rows in one answer
inline constexpr std::uint64_t kMaxEventBytes = 64u << 20;  ///< of event files read for one message

/// {"records":[…],"next":"…"}: at most `limit` records; a page may be shorter and still have a `next`.
[[nodiscard]] Expected<boost::json::object> list_answer(const QueueSource& source, const QueueQuery& query,
                                                        std::size_t limit, Instant now);
/// {"record":{…}|null,"next":"…","last_event":{…}|null,"events_searched":"all"|"newest"}; with a `next` the
/// search for the record is to go on there.
[[nodiscard]] Expected<boost::json::object> show_answer(const QueueSource& source, const QueueQuery& query,
                                                        Instant now);

}  // namespace sluice::control
