// The last event of one message, looked for in the event files from their end backwards.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/error.hpp"
#include "engine/base/id.hpp"

namespace sluice::control {

struct FoundEvent {
  std::string line;           ///< the JSON line, without its newline; empty: none found
  bool searched_all = false;  ///< every event file was read to its beginning
};

/// Reads at most `max_bytes`, newest events first. io: a file that is there cannot be read.
[[nodiscard]] Expected<FoundEvent> last_event_of(const std::string& folder, const MessageId& id,
                                                 std::uint64_t max_bytes);

}  // namespace sluice::control
