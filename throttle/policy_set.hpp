// The policies in force, the overrides on top of them, and the limits both have grown: one per rule, kind and
// distinct value of its "*" dimensions. resolve() turns a tuple into the limits that must all grant; a lane
// or path asks once, keeps the answer, and asks again when generation() has moved.
//
// Bounded: limits by max_limits (see limit_table.hpp), answers by max_tuples, overrides by max_overrides.
//
// Threads: any. One lock, taken by resolve, reload, overrides and snapshot, never by a grant.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/error.hpp"
#include "throttle/changed_limits.hpp"
#include "throttle/limit.hpp"
#include "throttle/limit_table.hpp"
#include "throttle/override.hpp"
#include "throttle/policy.hpp"

namespace sluice::throttle {

struct PolicySetOptions {
  std::size_t max_policies = 4096;   ///< more: refused at start and on reload
  std::size_t max_limits = 131'072;  ///< about 400 bytes each; at the bound see limit_table.hpp
  std::size_t max_tuples =
      65'536;  ///< memoised answers; at the bound unheld ones go, then answers are not kept
  std::size_t max_overrides = 4096;  ///< more: set_override() refuses
};

/// The answer for one tuple. Keeps its limits alive.
struct Limits {
  std::vector<Limit*> connection;  ///< ask for 1 to open a connection: connections and connection_rate
  std::vector<Limit*> message;     ///< ask for messages: message_rate and the quotas
  std::vector<Limit*> bytes;       ///< ask for bytes: byte_rate
  std::uint32_t messages_per_connection = UINT32_MAX;  ///< the least of all that match
  /// A message that is not sent after all must give its permits back (unsent.hpp).
  bool exact = false;
  std::uint64_t generation = 0;
  std::vector<std::shared_ptr<Limit>> pins;  ///< shared: by the table, the memo and every holder of an answer

  /// A pause that holds the messages back; null when none does.
  [[nodiscard]] const Limit* paused(Instant now) const;
};

/// Whose connections are limited by the domain of their mail.
struct ConnectionDomains {
  std::set<std::string, std::less<>> named;
  bool each = false;  ///< a match of "*"
};

class PolicySet {
 public:
  /// Refuses a policy without limits, with zeros, with limits of connections that no_connection_has() is
  /// against, and two of the same name and match; says which.
  [[nodiscard]] static Expected<std::unique_ptr<PolicySet>> create(std::vector<PolicyOptions> policies,
                                                                   const PolicySetOptions& options = {});

  /// Shared: the memo and any number of lanes and paths hold one answer.
  [[nodiscard]] std::shared_ptr<const Limits> resolve(const Subject& subject, Instant now);

  /// By policies and overrides of this generation(). Shared: by all who ask.
  [[nodiscard]] std::shared_ptr<const ConnectionDomains> connection_domains() const;

  /// Moves with each reload and each change of an override: answers of an older generation still work but
  /// miss what is new.
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  /// New policies in place of the old. A limit whose policy (name and match) still sets it keeps its state
  /// under the new value; others end. All affected waiters are woken. Overrides stay. Unchanged on failure.
  [[nodiscard]] Expected<> reload(std::vector<PolicyOptions> policies, Instant now);

  /// In force at once and until override.until. One of the same id is replaced; what its limits have granted
  /// counts on. Fails as check() does, and beyond max_overrides.
  [[nodiscard]] Expected<> set_override(Override override, Instant now);
  /// Ends it now. not_found when there is none of that id.
  [[nodiscard]] Expected<> clear_override(std::string_view id, Instant now);
  /// Those in force, by id.
  [[nodiscard]] std::vector<Override> overrides(Instant now) const;
  /// Forgets the overrides that are over and tells the listener. They have stopped to hold mail back before,
  /// whenever this is called.
  void expire_overrides(Instant now);
  /// Before traffic.
  void set_listener(OverrideListener listener) { listener_ = std::move(listener); }

  /// "name: state" of each limit the tuple meets; an override's name says id, by, cause and end.
  [[nodiscard]] std::vector<std::string> explain(const Subject& subject, Instant now);

  /// Limits that have granted something time has not given back; those restored and not met again included.
  [[nodiscard]] std::vector<SavedLimit> snapshot(Instant now) const;
  /// At start, before traffic. Limits take their saved state over as they are met; fast buckets begin empty.
  /// Overrides that are over, or do not check, are dropped. Beyond max_limits entries are dropped (their
  /// buckets start full).
  void restore(std::span<const SavedLimit> saved, std::vector<Override> overrides, Instant now);
  /// Quotas and slow buckets whose state changed since the last call. Fast ones need no saving.
  [[nodiscard]] std::vector<SavedLimit> take_changed(Instant now);
  [[nodiscard]] bool any_changed() const { return changed_.any(); }
  /// A limit that is made elsewhere is saved like the others: it takes over what was saved under the key.
  void adopt(Limit& limit, const std::string& key, Instant now);

  /// Every limit there is, by name.
  struct View {
    std::string name;
    std::string state;
    std::string kind;  ///< "rate", "quota", "slots", "pause"
    std::size_t waiting = 0;
    Instant ready{};  ///< when it grants one; `now` or before: at once; kForever: when one is given back
  };
  [[nodiscard]] std::vector<View> view(Instant now) const;
  /// How many wait for a limit of each policy, by its name; for an override's, under `override`. Those nobody
  /// waits for count 0. Visits every limit, and makes no text but the names.
  [[nodiscard]] std::map<std::string, std::size_t> waiting() const;
  /// Refills the buckets and quotas whose printed name contains `text`; how many.
  std::size_t reset(std::string_view text);

  /// Wakes everybody on every limit: shutdown.
  void wake_all();

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::uint64_t overflowed() const;

 private:
  struct Rule {
    PolicyOptions options;
    std::string identity;  ///< name and match: what a reload recognises it by
  };
  class Build;

  explicit PolicySet(const PolicySetOptions& options) : options_(options), table_(options.max_limits) {
    table_.set_journal(&changed_);
  }

  [[nodiscard]] static Expected<std::vector<Rule>> compile(std::vector<PolicyOptions> policies,
                                                           std::size_t max_policies);
  /// Every answer is looked up again.
  void renew() SLUICE_TS(requires_capability(mutex_));
  void forget_unheld_answers() SLUICE_TS(requires_capability(mutex_));
  /// Ends the limits of what the override no longer does, and wakes who waits for any of them.
  void keep_limits_of(const Override& override, Instant now) SLUICE_TS(requires_capability(mutex_));
  void drop_limits_of(const Override& override, Instant now) SLUICE_TS(requires_capability(mutex_));
  void tell(OverrideChange::What what, const Override& override, Instant at) const;

  const PolicySetOptions options_;
  OverrideListener listener_;
  ChangedLimits changed_;
  std::atomic<std::uint64_t> generation_{1};
  mutable Mutex mutex_;
  std::vector<Rule> rules_ SLUICE_TS(guarded_by(mutex_));
  std::map<std::string, Override, std::less<>> overrides_ SLUICE_TS(guarded_by(mutex_));
  LimitTable table_ SLUICE_TS(guarded_by(mutex_));
  std::unordered_map<std::string, std::shared_ptr<const Limits>> memo_ SLUICE_TS(guarded_by(mutex_));
  std::size_t tuple_credit_ SLUICE_TS(guarded_by(mutex_)) = 0;
  /// Null: not looked up since the last change.
  mutable std::shared_ptr<const ConnectionDomains> domains_ SLUICE_TS(guarded_by(mutex_));
};

}  // namespace sluice::throttle
