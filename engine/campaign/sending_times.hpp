// When campaigns may send: their start and their windows, as the queue and delivery are told.
//
// A campaign with windows in one zone is a stream with a window (queue::Stream::set_window): tick() gives it
// the next one when the last is over, and has the feeder look at what opened or shut. One whose windows run
// by each recipient's own clock is asked about, record by record, before it is sent: opening().
//
// Threads: add() and tick() on control; opening() from any.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "engine/campaign/acceptance.hpp"
#include "queue/record.hpp"
#include "queue/stream.hpp"

namespace sluice::campaign {

class SendingTimes {
 public:
  static constexpr std::size_t kMaxZones =
      1000;  ///< names of a column remembered; more are looked up each time

  /// `changed` is called for a stream that opened or shut.
  explicit SendingTimes(std::function<void(const queue::StreamPtr&)> changed)
      : changed_(std::move(changed)) {}

  /// Before the stream has records that may be sent. A zone the system does not know any more counts as UTC,
  /// and is logged.
  void add(const queue::StreamPtr& stream, const Acceptance& acceptance, Instant now);
  /// A few times a second.
  void tick(Instant now);
  /// When the recipient may be sent to: `now`, or the next opening by the clock its row names (the
  /// campaign's, for a row that names none or one nobody knows). Instant::max(): never. `now` for unknown
  /// streams.
  [[nodiscard]] Instant opening(const queue::Stream& stream, const queue::Record& record, Instant now) const;

 private:
  struct Entry {
    queue::StreamPtr stream;
    Windows windows;
    Zone zone;
    std::optional<std::uint16_t> column;
    bool open = false;
    Instant until{};  ///< end of the window last set
  };

  static void set_window(Entry& entry, Instant now);
  [[nodiscard]] std::optional<Zone> zone_named(const std::string& name) const;

  const std::function<void(const queue::StreamPtr&)> changed_;
  mutable std::mutex mutex_;
  std::map<StreamId, Entry> entries_;  ///< those with a start or windows
  mutable std::unordered_map<std::string, std::optional<Zone>> zones_;
};

}  // namespace sluice::campaign
