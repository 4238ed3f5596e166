// The column families of the queue's database. FORMAT.md gives each one's keys and values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/batch.hpp"

namespace sluice::queue {

inline constexpr store::Family kMeta = 0;     ///< format stamp
inline constexpr store::Family kStreams = 1;  ///< stream(4) -> settings, state
inline constexpr store::Family kContent = 2;  ///< stream(4) name -> content bytes, stored once per stream
inline constexpr store::Family kRecords = 3;  ///< record key (key.hpp) -> record value (record.hpp)
inline constexpr store::Family kLeases = 4;   ///< block(8) -> the record keys it covers
inline constexpr store::Family kMarks =
    5;  ///< stream(4) phase(1) -> low-water key; stream(4) 'c' -> checkpoint
inline constexpr store::Family kCounters = 6;  ///< stream(4) -> counters; "seq" -> last event sequence number
inline constexpr store::Family kOutbox = 7;    ///< last seq(8) -> events of a commit (outbox.hpp)
inline constexpr store::Family kSent = 8;      ///< stream(4) row(5) -> time, source, address
inline constexpr store::Family kDamaged =
    9;  ///< record key -> value, of a record set aside because it does not decode
inline constexpr store::Family kBodies =
    10;  ///< body(12) stream(4) row(5) -> "": a recipient who needs that body
inline constexpr store::Family kSuppressed = 11;   ///< keyed hash(16) -> who must not get mail, and why
inline constexpr store::Family kSuppression = 12;  ///< what goes with them; the suppression layer's own
inline constexpr store::Family kOwed = 13;         ///< seq(8) -> a debt (debt.hpp); 'd' stream(4) row(5)

inline constexpr std::string_view kFormatKey = "format";  ///< in kMeta: be(4)
inline constexpr std::uint32_t kFormat = 2;               ///< what FORMAT.md describes
/// In kMeta: be(4), the highest stream id that may have been used. Absent: the highest there is.
inline constexpr std::string_view kStreamFloorKey = "streams.floor";

[[nodiscard]] inline std::vector<std::string> family_names() {
  return {"default", "streams", "content", "records", "leases",     "marks",       "counters",
          "outbox",  "sent",    "damaged", "bodies",  "suppressed", "suppression", "owed"};
}

}  // namespace sluice::queue
