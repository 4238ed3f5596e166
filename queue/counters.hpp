// A stream's accounts. injected = delivered + bounced + expired + suppressed + cancelled + queued, always.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "queue/event.hpp"

namespace sluice::queue {

struct Counters {
  std::uint64_t injected = 0;
  std::uint64_t rejected = 0;  ///< rows that are no addresses; not part of injected
  std::uint64_t delivered = 0;
  std::uint64_t bounced = 0;
  std::uint64_t expired = 0;
  std::uint64_t suppressed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t deferrals = 0;        ///< failed attempts that will be tried again, counted each time
  std::uint64_t doubts = 0;           ///< attempts whose answer was lost, counted each time
  std::uint64_t retries_waiting = 0;  ///< of the queued: tried at least once, or put off by an operator
  std::uint64_t held = 0;             ///< of retries_waiting: not to be sent; stored apart (FORMAT.md)

  [[nodiscard]] std::uint64_t finals() const {
    return delivered + bounced + expired + suppressed + cancelled;
  }
  [[nodiscard]] std::uint64_t queued() const { return injected - finals(); }
  /// Waits for its time: not held.
  [[nodiscard]] std::uint64_t deferred() const { return retries_waiting - std::min(held, retries_waiting); }
  /// A store older than the count may have held records it does not know.
  void drop_held() { held -= held > 0 ? 1 : 0; }
  /// Adds one final, deferral or doubt; other kinds change nothing.
  void count(EventKind kind);

  void append_to(std::string& out) const;
  [[nodiscard]] static std::optional<Counters> decode(std::string_view bytes);
  friend bool operator==(const Counters&, const Counters&) = default;
};

}  // namespace sluice::queue
