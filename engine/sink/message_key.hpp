// Which message this is: the id in its header, so that a second copy of it can be told.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/id.hpp"
#include "engine/sink/id_set.hpp"

namespace sluice::sink {

/// The 26-character id in X-Sluice-Id, else in the local part of Message-ID; a Message-ID of another form is
/// hashed into one. Nothing when the header has neither. Looks at the header only, at most its first 64 KiB.
[[nodiscard]] std::optional<MessageId> find_id(std::string_view content);

/// One copy of a message to one recipient: a message to several has one id and is no duplicate of itself.
[[nodiscard]] Key delivery_key(MessageId id, std::string_view recipient);

}  // namespace sluice::sink
