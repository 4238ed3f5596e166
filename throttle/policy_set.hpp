// The policies in force, and the limits they have grown: one per policy, kind and distinct value of its "*"
// dimensions. resolve() turns a tuple into the limits that must all grant; a lane or path asks once, keeps
// the answer, and asks again when generation() has moved.
//
// Bounded: at max_limits the idle ones (full, unused, unheld) are forgotten, which changes nothing; if none
// is idle, further values share one limit a policy, named "(others)", and overflowed() counts them.
//
// Threads: any. One lock, taken by resolve, reload and snapshot, never by a grant.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/error.hpp"
#include "throttle/limit.hpp"
#include "throttle/policy.hpp"

namespace sluice::throttle {

struct PolicySetOptions {
  std::size_t max_policies = 4096;   ///< more: refused at start and on reload
  std::size_t max_limits = 131'072;  ///< about 300 bytes each; at the bound see the head of this file
  std::size_t max_tuples =
      65'536;  ///< memoised answers; at the bound unheld ones go, then answers are not kept
};

/// The answer for one tuple. Keeps its limits alive.
struct Limits {
  std::vector<Limit*> connection;  ///< ask for 1 to open a connection: connections and connection_rate
  std::vector<Limit*> message;     ///< ask for messages: message_rate
  std::vector<Limit*> bytes;       ///< ask for bytes: byte_rate
  std::uint32_t messages_per_connection = UINT32_MAX;  ///< the least of all that match
  std::uint64_t generation = 0;
  std::vector<std::shared_ptr<Limit>> pins;  ///< shared: by the table, the memo and every holder of an answer
};

/// A bucket's state across a restart. `key` is opaque and stable while name and match of its policy are.
struct SavedBucket {
  std::string key;
  Instant full_at{};
};

class PolicySet {
 public:
  /// Refuses a policy without limits, with zeros, and two of the same name and match; says which.
  [[nodiscard]] static Expected<std::unique_ptr<PolicySet>> create(std::vector<PolicyOptions> policies,
                                                                   const PolicySetOptions& options = {});

  /// Shared: the memo and any number of lanes and paths hold one answer.
  [[nodiscard]] std::shared_ptr<const Limits> resolve(const Subject& subject, Instant now);

  /// Moves with each reload: answers of an older generation still work but miss new policies.
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  /// New policies in place of the old. A limit whose policy (name and match) still sets it keeps its state
  /// under the new value; others end. All affected waiters are woken. Unchanged on failure.
  [[nodiscard]] Expected<> reload(std::vector<PolicyOptions> policies, Instant now);

  /// "name: state" of each limit the tuple meets.
  [[nodiscard]] std::vector<std::string> explain(const Subject& subject, Instant now);

  /// Buckets that are not full; those restored and not met again yet included.
  [[nodiscard]] std::vector<SavedBucket> snapshot(Instant now) const;
  /// At start, before traffic. Beyond max_limits entries are dropped (their buckets start full).
  void restore(std::span<const SavedBucket> saved, Instant now);

  /// Wakes everybody on every limit: shutdown.
  void wake_all();

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_.load(std::memory_order_relaxed); }

 private:
  enum class Kind : std::uint8_t { message_rate, byte_rate, connection_rate, connections };
  static constexpr std::array<Kind, 4> kKinds{Kind::message_rate, Kind::byte_rate, Kind::connection_rate,
                                              Kind::connections};
  struct Rule {
    PolicyOptions options;
    std::string identity;  ///< name and match: what a reload recognises it by
  };
  struct Entry {
    std::shared_ptr<Limit> limit;  ///< see Limits::pins
    std::size_t prefix = 0;        ///< bytes of the key that name rule and kind
  };
  using Table = std::unordered_map<std::string, Entry>;

  explicit PolicySet(const PolicySetOptions& options) : options_(options) {}

  [[nodiscard]] static const char* name_of(Kind kind);
  [[nodiscard]] static const std::optional<Rate>& rate_of(const PolicyOptions& policy, Kind kind);
  [[nodiscard]] static bool sets(const PolicyOptions& policy, Kind kind);
  [[nodiscard]] static bool matches(const Match& match, const Subject& subject);
  [[nodiscard]] static std::string prefix_of(const Rule& rule, Kind kind);
  [[nodiscard]] static Expected<std::vector<Rule>> compile(std::vector<PolicyOptions> policies,
                                                           std::size_t max_policies);

  std::shared_ptr<Limits> build(const Subject& subject, Instant now) SLUICE_TS(requires_capability(mutex_));
  std::shared_ptr<Limit> limit_for(const Rule& rule, Kind kind, const Subject& subject, Instant now)
      SLUICE_TS(requires_capability(mutex_));
  std::shared_ptr<Limit> make(const Rule& rule, Kind kind, std::string where) const;
  void forget_idle_limits(Instant now) SLUICE_TS(requires_capability(mutex_));
  void forget_unheld_answers() SLUICE_TS(requires_capability(mutex_));

  const PolicySetOptions options_;
  std::atomic<std::uint64_t> generation_{1};
  std::atomic<std::uint64_t> overflowed_{0};
  mutable Mutex mutex_;
  std::vector<Rule> rules_ SLUICE_TS(guarded_by(mutex_));
  Table table_ SLUICE_TS(guarded_by(mutex_));
  std::unordered_map<std::string, std::shared_ptr<const Limits>> memo_ SLUICE_TS(guarded_by(mutex_));
  std::unordered_map<std::string, Instant> restored_ SLUICE_TS(guarded_by(mutex_));
  std::size_t limit_credit_ SLUICE_TS(guarded_by(mutex_)) =
      0;  ///< misses until a sweep is worth its time again
  std::size_t tuple_credit_ SLUICE_TS(guarded_by(mutex_)) = 0;
};

}  // namespace sluice::throttle
