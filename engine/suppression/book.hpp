// Who gets no mail: all entries of all scopes, durable, found in one probe, in force at once.
//
// Guarantee: what commit() answered is on disk, new recipients are looked up against it, and no attempt to
// that address begins afterwards (delta.hpp; the message under way is not recalled). Mail that waits for the
// address is given its `suppressed` final by a pass (pass.hpp). An import is in force for waiting mail once
// the pass it owes has ended: pass_owed().
//
// Threads: open() before Queue::start(); probe(), delta(), begin_check() and submit() from any thread; the
// rows are changed on the committer's. probe() reads the disk now and then: not for workers, who ask added().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/suppression/changes.hpp"
#include "engine/suppression/delta.hpp"
#include "engine/suppression/filter.hpp"
#include "engine/suppression/lookup.hpp"
#include "engine/suppression/options.hpp"
#include "queue/queue.hpp"

namespace sluice::suppression {

class Book {
 public:
  using Done = std::function<void(const Expected<ChangeReport>&)>;
  /// While one is held, a pass does not begin: whoever looks recipients up takes it before the first probe,
  /// and lets go once their records are committed.
  using Ticket = std::shared_ptr<void>;

  /// Fails on rows that do not decode. Loads the filter, or leaves it to rebuild_filter(): probes are slower
  /// until then.
  [[nodiscard]] static Expected<std::unique_ptr<Book>> open(queue::Queue& queue, const Clock& clock,
                                                            Options options);
  ~Book();

  // -- any thread
  /// All scopes, of the address and of its domain. `key` is the address' comparison key. The caller has a
  /// ticket, or is upkeep's thread: the filter it reads may be replaced.
  [[nodiscard]] Expected<std::optional<Verdict>> probe(std::string_view key, const Audience& audience,
                                                       Instant now) const;
  /// The same, in memory, of what was added lately. `key` as above.
  [[nodiscard]] std::optional<Verdict> added(std::string_view key, const Reach& reach) const;
  [[nodiscard]] const Delta& delta() const { return delta_; }
  [[nodiscard]] Reach reach(const Audience& audience) const { return Reach::of(lookup_.key(), audience); }
  [[nodiscard]] Ticket begin_check();
  [[nodiscard]] const Lookup& lookup() const { return lookup_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] bool pass_owed() const { return owed_.load(std::memory_order_acquire); }
  [[nodiscard]] bool filter_ready() const { return filter_.load(std::memory_order_acquire) != nullptr; }
  [[nodiscard]] std::size_t filter_bytes() const;
  /// Perhaps the address has soft bounces that a delivery would clear.
  [[nodiscard]] bool has_soft_bounces(std::string_view tenant, std::string_view key) const;

  /// `done` on the committer's thread. Additions that break a bound are told in the report; the delta's bound
  /// refuses the whole of the changes.
  void submit(Changes changes, Done done);
  /// Blocks for one commit: not for workers. limit: the delta is full.
  [[nodiscard]] Expected<ChangeReport> commit(Changes changes);
  /// For whoever learns of temporary failures and deliveries otherwise than from the feed. Not for workers.
  [[nodiscard]] Expected<> soft_bounce(std::string_view address, std::string_view tenant, Instant at);
  [[nodiscard]] Expected<> delivered(std::string_view address, std::string_view tenant);

  // -- upkeep's thread
  /// Entries whose time is over leave their rows: up to `limit`; how many rows were looked at.
  [[nodiscard]] Expected<std::size_t> expire(Instant now, std::size_t limit);
  [[nodiscard]] std::uint64_t cursor() const { return cursor_.load(std::memory_order_acquire); }

  static constexpr std::size_t kMaxLayers = 3;  ///< each adds a false "perhaps" in forty look-ups

  struct PassPlan {
    std::uint64_t upto = 0;   ///< of the log
    std::uint64_t epoch = 0;  ///< of imports
    bool full = false;        ///< all rows, not only the delta
  };
  /// Nothing while lookups of an earlier pass' time are under way.
  [[nodiscard]] Expected<std::optional<PassPlan>> begin_pass();
  /// Every lookup from before the pass has its records committed.
  [[nodiscard]] bool lookups_done() const;
  /// Every waiting record is as the rows want it. What came during the pass stays in the delta.
  [[nodiscard]] Expected<> end_pass(const PassPlan& plan);

  /// A filter that is missing, or has grown by more than kMaxLayers layers, is built anew: reads all rows,
  /// and returns when it is in use. Otherwise nothing. Stops early, without it, when told.
  [[nodiscard]] Expected<> rebuild_filter(const std::atomic<bool>& stop);
  /// Writes the filter's file when enough has changed, or at all (`always`).
  [[nodiscard]] Expected<> save_filter(bool always);

 private:
  class Work;
  struct SoftKey;

  Book(queue::Queue& queue, const Clock& clock, Options options, Lookup lookup);
  Expected<> load();
  Expected<> load_log();
  [[nodiscard]] bool stands(std::string_view hash, std::uint64_t word) const;
  Expected<> load_soft_rows();
  void load_filter();
  Expected<> commit_now(std::function<void(store::Batch&)> apply);
  [[nodiscard]] Expected<std::optional<Verdict>> probe_one(const Hash128& hash, const Audience& audience,
                                                           Instant now) const;
  [[nodiscard]] std::string soft_hash(std::string_view tenant, std::string_view key) const;

  // The committer's thread (book_changes.cpp):
  void apply(store::Batch& batch, const Changes& changes, ChangeReport& report);
  void on_committed();
  void add(store::Batch& batch, const Addition& addition, const Changes& changes, ChangeReport& report);
  void remove(store::Batch& batch, const Removal& removal, ChangeReport& report);
  void count_soft(store::Batch& batch, const SoftEvent& event, ChangeReport& report);
  void expire_row(store::Batch& batch, const std::string& hash, std::int64_t now_ms);
  void put_row(store::Batch& batch, const std::string& hash, const Row& row);
  void note_audit(store::Batch& batch, const AuditLine& line);
  [[nodiscard]] Expected<std::optional<std::string>> row_bytes(store::Family family,
                                                               const std::string& key) const;
  void put_bytes(store::Batch& batch, store::Family family, const std::string& key,
                 std::optional<std::string> bytes);
  void insert_filter(const Hash128& hash);

  queue::Queue& queue_;
  const Clock& clock_;
  const Options options_;
  const Lookup lookup_;
  Delta delta_;
  std::unique_ptr<Filter> filter_owner_;  ///< set once, by whoever made it
  std::atomic<Filter*> filter_{nullptr};  ///< null: not built yet
  std::unique_ptr<Filter> retired_;       ///< may still be read by holders of tickets from before a pass
  bool free_retired_ = false;             ///< the pass under way began after it was retired
  Filter soft_filter_{std::uint64_t{1} << 16};
  std::mutex building_mutex_;
  bool building_ = false;
  std::vector<Hash128> added_while_building_;

  mutable std::mutex ticket_mutex_;
  std::uint64_t ticket_turn_ = 0;
  std::size_t tickets_[2] = {0, 0};

  // The committer's thread, read by others where atomic:
  std::unordered_map<std::string, std::optional<std::string>> overlay_;  ///< of the batch being built
  Counts counts_;
  mutable std::mutex counts_mutex_;
  Counts told_counts_;
  std::uint64_t next_log_ = 1;
  std::uint64_t next_audit_ = 1;
  std::uint64_t oldest_log_ = 1;
  std::uint64_t swept_ = 0;
  std::uint64_t old_upto_ = 0;  ///< of the log: what the delta's old table holds
  std::atomic<std::uint64_t> log_end_{0};
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<std::uint64_t> cursor_{0};
  std::atomic<bool> owed_{false};
  std::atomic<std::uint64_t> saved_log_{0};    ///< the filter's file has all up to it
  std::atomic<std::uint64_t> saved_epoch_{0};  ///< and imports up to this
};

}  // namespace sluice::suppression
