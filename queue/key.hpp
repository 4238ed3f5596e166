// Where a recipient's record stands in the store. FORMAT.md has the layout, a worked example and why it is
// so.
//
//   first attempts   stream(4) 0x00 domain 0x00 row(5)            a lane after the other, rows in order
//   retries          stream(4) 0x01 due(4) domain 0x00 row(5)     by due second, then by domain
//
// Integers are big-endian. A domain is lower-case A-labels (never holds a zero byte, at most 255 bytes).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"

namespace sluice::queue {

enum class Phase : std::uint8_t { first = 0, retry = 1 };

/// Seconds since 1970; due times on disk have whole seconds.
using DueSecond = std::uint32_t;

[[nodiscard]] inline Instant to_instant(DueSecond due) { return Instant(std::chrono::seconds(due)); }
/// Rounded up: a record is never due early.
[[nodiscard]] inline DueSecond to_due_second(Instant at) {
  return static_cast<DueSecond>(std::chrono::ceil<std::chrono::seconds>(at).time_since_epoch().count());
}

struct RecordKey {
  StreamId stream = 0;
  Phase phase = Phase::first;
  DueSecond due = 0;  ///< 0 in Phase::first
  std::string_view domain;
  Row row = 0;

  void append_to(std::string& out) const;
  [[nodiscard]] std::string encode() const;
  /// The domain is a view into `bytes`. Nothing for bytes that are no record key.
  [[nodiscard]] static std::optional<RecordKey> decode(std::string_view bytes);
};

/// First key of the stream's phase, and the first key behind it.
[[nodiscard]] std::string phase_begin(StreamId stream, Phase phase);
[[nodiscard]] std::string phase_end(StreamId stream, Phase phase);
/// First key behind every row of this domain (within its due second for retries).
[[nodiscard]] std::string behind_domain(const RecordKey& key);
/// First key of the retries due at or after that second, and the first key behind everything due at or before
/// it.
[[nodiscard]] std::string due_begin(StreamId stream, DueSecond due);
[[nodiscard]] std::string behind_due(StreamId stream, DueSecond due);

}  // namespace sluice::queue
