// A stream: one campaign, or one tenant's transactional flow. What it was accepted with never changes; its
// state, priority and pool do, through the committer, and every thread sees the change at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"

namespace sluice::queue {

enum class StreamClass : std::uint8_t { transactional = 0, commercial = 1 };
enum class StreamKind : std::uint8_t { campaign = 0, flow = 1 };

/// `running` and `paused` go back and forth; the others are for good.
enum class StreamState : std::uint8_t {
  running = 0,
  paused = 1,      ///< nothing new starts; attempts under way are finished and recorded
  cancelling = 2,  ///< nothing new starts; the sweeper is writing the `cancelled` finals
  cancelled = 3,   ///< every recipient final
  done = 4,        ///< a campaign that was fully expanded and whose every recipient is final
};

[[nodiscard]] const char* name_of(StreamState state);
[[nodiscard]] const char* name_of(StreamClass stream_class);

struct StreamSettings {
  StreamKind kind = StreamKind::campaign;
  StreamClass stream_class = StreamClass::commercial;
  std::string tenant = "default";
  std::string name;              ///< the campaign's id; for a flow the listener's or class' name
  std::string pool = "default";  ///< source pool
  std::uint8_t priority = 5;     ///< 1 (first) … 9 (last): the stream's weight is 10 - priority
  std::chrono::seconds expire{48 * 3600};
  std::int64_t created_ms = 0;
  std::int64_t start_ms = 0;  ///< nothing is sent before
  std::string rate;           ///< its own message rate, as throttle::Rate reads it; empty: none
  std::string spec;           ///< the content layer's own: what is needed to compile the content again

  friend bool operator==(const StreamSettings&, const StreamSettings&) = default;
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(StreamId stream, StreamSettings fixed, StreamState now)
      : id(stream), settings(std::move(fixed)), state_(now) {}

  const StreamId id;
  const StreamSettings settings;

  [[nodiscard]] StreamState state() const { return state_.load(std::memory_order_acquire); }
  void set_state(StreamState state) { state_.store(state, std::memory_order_release); }
  /// May an attempt start now? Any thread.
  [[nodiscard]] bool may_send(Instant now) const {
    return state() == StreamState::running && to_ms(now) >= settings.start_ms;
  }
  /// When a record accepted then is given up: `expire` after that, or after the stream's start.
  [[nodiscard]] std::int64_t expires_ms(std::int64_t accepted_ms) const {
    return std::max(accepted_ms, settings.start_ms) + settings.expire.count() * 1000;
  }
  [[nodiscard]] bool expired(std::int64_t accepted_ms, Instant now) const {
    return to_ms(now) >= expires_ms(accepted_ms);
  }
  /// Number of the last edit (Ledger::edits) of a waiting record of the stream: what was read before it may
  /// no longer be true. Set by the committer's thread.
  [[nodiscard]] std::uint64_t edited() const { return edited_.load(std::memory_order_acquire); }
  void set_edited(std::uint64_t edit) { edited_.store(edit, std::memory_order_release); }
  [[nodiscard]] unsigned weight() const { return 10U - settings.priority; }

 private:
  std::atomic<StreamState> state_;
  std::atomic<std::uint64_t> edited_{0};
};

/// Shared: lanes, windows and events of a stream live on several threads and outlive its entry in the table.
using StreamPtr = std::shared_ptr<Stream>;

[[nodiscard]] std::string encode_stream(const StreamSettings& settings, StreamState state);
/// Nothing for damaged bytes.
[[nodiscard]] std::optional<std::pair<StreamSettings, StreamState>> decode_stream(std::string_view bytes);

/// All streams the store knows. Any thread.
class StreamTable {
 public:
  void add(StreamPtr stream);
  /// Null when unknown.
  [[nodiscard]] StreamPtr find(StreamId id) const;
  /// By tenant and name; the newest when a name was used again.
  [[nodiscard]] StreamPtr find(std::string_view tenant, std::string_view name) const;
  [[nodiscard]] std::vector<StreamPtr> all() const;
  /// Dense ids, never reused; the first is 1.
  [[nodiscard]] StreamId next_id();

 private:
  mutable std::mutex mutex_;
  std::map<StreamId, StreamPtr> streams_;
  StreamId last_ = 0;
};

}  // namespace sluice::queue
