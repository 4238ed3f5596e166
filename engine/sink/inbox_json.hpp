// The inbox for programs: what its pages show, as JSON. Bytes that are no UTF-8 are shown as \xNN.
#pragma once

#include <boost/json/object.hpp>

#include "engine/sink/inbox_page.hpp"

namespace sluice::sink {

/// `messages`, newest first; `next`: ask again with before= this, when there are more; `seen`, `kept`,
/// `here`.
[[nodiscard]] boost::json::object inbox_list_json(const InboxListing& listing);
[[nodiscard]] boost::json::object inbox_message_json(const InboxMessage& message, const InboxView& view);

}  // namespace sluice::sink
