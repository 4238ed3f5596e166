// What power loss may have done to the newest lines of the event files: written and not yet synced, some
// sectors of them reached the disk and others did not, so that behind a hole there may be whole lines again.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/error.hpp"

namespace sluice::queue {

/// Cuts the files at the first damaged line among those from `first_seq` on; files behind it go. Lines before
/// were synced before the outbox forgot them, and are not looked at. Damaged: another number than is due, or
/// a control byte, as zeros and the bytes of other files have; printable bytes of another file inside a line
/// pass. The exporter writes what was cut again, from the outbox.
[[nodiscard]] Expected<> cut_damaged_events(const std::string& folder, std::uint64_t first_seq);

}  // namespace sluice::queue
