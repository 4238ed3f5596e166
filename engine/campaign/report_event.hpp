// One line of the event feed (queue/event_json.hpp) as a report reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"

namespace sluice::campaign {

/// Views belong to the parsed line. Fields that are missing or of another type are empty or 0.
struct ReportEvent {
  std::string_view kind;  ///< "delivered", "backoff" …
  Instant time;
  StreamId stream = 0;  ///< 0: about no campaign alone
  std::string_view id;
  std::string_view recipient;
  std::string_view domain;
  std::string_view site;
  std::string_view provider;
  std::string_view source;
  std::string_view mx;
  std::string_view label;  ///< class, reason or state: the kind has one of them
  std::string_view detail;
  std::uint64_t code = 0;  ///< of the reply
  std::string_view enhanced;
  std::string_view text;
  std::uint64_t attempts = 0;
  std::uint64_t queued_ms = 0;
  std::optional<Instant> due;

  /// "550 5.1.1 no such user"; the detail when there was no reply.
  [[nodiscard]] std::string reply() const;
  [[nodiscard]] bool is_final() const;
};

/// "2026-11-25T19:00:00.000Z" as the feed writes it; nothing when it is not that.
[[nodiscard]] std::optional<Instant> event_time(std::string_view text);

}  // namespace sluice::campaign
