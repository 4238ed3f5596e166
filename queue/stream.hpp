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
  std::string pool = "default";  ///< source pool, as accepted: see Stream::pool()
  std::uint8_t priority = 5;     ///< 1 (first) … 9 (last), as accepted: see Stream::weight()
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
      : id(stream),
        settings(std::move(fixed)),
        state_(now),
        priority_(settings.priority),
        pool_(settings.pool) {}

  const StreamId id;
  const StreamSettings settings;

  [[nodiscard]] StreamState state() const { return state_.load(std::memory_order_acquire); }
  void set_state(StreamState state) { state_.store(state, std::memory_order_release); }
  /// May an attempt start now? Any thread.
  [[nodiscard]] bool may_send(Instant now) const {
    return state() == StreamState::running && !on_hold() && opens(now) == now;
  }
  /// `now` when start and window let it send, else the moment they will; Instant::max(): not known yet.
  [[nodiscard]] Instant opens(Instant now) const {
    const auto at = to_ms(now);
    const auto from = std::max(open_from_ms_.load(std::memory_order_acquire), settings.start_ms);
    if (at < from) return from_ms(from);
    return at < open_until_ms_.load(std::memory_order_acquire) ? now : Instant::max();
  }
  /// It may send in [from, until) only. Whoever knows its windows calls it again after `until`, from one
  /// thread; between the two calls the stream is shut.
  void set_window(std::int64_t begin_ms, std::int64_t end_ms) {
    open_from_ms_.store(begin_ms, std::memory_order_release);
    open_until_ms_.store(end_ms, std::memory_order_release);
  }
  /// Each recipient has windows of its own: whoever sends asks for every record.
  [[nodiscard]] bool has_local_windows() const { return local_windows_.load(std::memory_order_acquire); }
  void set_local_windows() { local_windows_.store(true, std::memory_order_release); }
  /// A standing order holds the stream's tenant (orders.hpp).
  [[nodiscard]] bool on_hold() const { return on_hold_.load(std::memory_order_acquire); }
  void set_on_hold(bool hold) { on_hold_.store(hold, std::memory_order_release); }
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
  [[nodiscard]] unsigned weight() const { return 10U - priority(); }
  [[nodiscard]] std::uint8_t priority() const { return priority_.load(std::memory_order_acquire); }
  /// 1 to 9.
  void set_priority(std::uint8_t priority) { priority_.store(priority, std::memory_order_release); }
  /// Of its tenant, beside other tenants on a path: see StreamTable::set_tenant_weights().
  [[nodiscard]] unsigned tenant_weight() const { return tenant_weight_.load(std::memory_order_relaxed); }
  void set_tenant_weight(unsigned weight) { tenant_weight_.store(weight, std::memory_order_relaxed); }
  [[nodiscard]] std::string pool() const {
    const std::lock_guard lock(pool_mutex_);
    return pool_;
  }
  void set_pool(std::string pool) {
    const std::lock_guard lock(pool_mutex_);
    pool_ = std::move(pool);
  }
  /// The settings with what was changed since: as they stand on disk.
  [[nodiscard]] StreamSettings settings_now() const {
    auto out = settings;
    out.priority = priority();
    out.pool = pool();
    return out;
  }

 private:
  std::atomic<StreamState> state_;
  std::atomic<std::uint64_t> edited_{0};
  std::atomic<std::int64_t> open_from_ms_{INT64_MIN};
  std::atomic<std::int64_t> open_until_ms_{INT64_MAX};
  std::atomic<bool> on_hold_{false};
  std::atomic<bool> local_windows_{false};
  std::atomic<std::uint8_t> priority_;
  std::atomic<unsigned> tenant_weight_{1};
  mutable std::mutex pool_mutex_;
  std::string pool_;
};

/// Shared: lanes, windows and events of a stream live on several threads and outlive its entry in the table.
using StreamPtr = std::shared_ptr<Stream>;

/// By tenant, 1 to 1000; a tenant that is not in it has 1.
using TenantWeights = std::map<std::string, unsigned, std::less<>>;

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
  /// For the streams there are and those that come; also for what waits at a path, from its next turn on.
  void set_tenant_weights(TenantWeights weights);
  /// Ids up to this are not given out.
  void skip_to(StreamId last);
  /// Dense ids, never reused; the first is 1.
  [[nodiscard]] StreamId next_id();

 private:
  void weigh(Stream& stream) const;  ///< requires mutex_

  mutable std::mutex mutex_;
  std::map<StreamId, StreamPtr> streams_;
  TenantWeights tenant_weights_;
  StreamId last_ = 0;
};

}  // namespace sluice::queue
