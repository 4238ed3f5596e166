// The durable queue: streams of recipients go in by injection, come out by lease, and end by settlement.
//
// Guarantee: what inject() reported done is on disk; every record is settled exactly once or still queued,
// across kill -9 and power loss; an attempt whose outcome a crash took is recorded in doubt when the queue
// opens again.
//
// Threads: open(), start(), stop() by the owner; everything else from any thread. done callbacks run on the
// committer's thread and must not block.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/store/committer.hpp"
#include "engine/store/disk_room.hpp"
#include "queue/edit.hpp"
#include "queue/feeder.hpp"
#include "queue/injection.hpp"
#include "queue/ledger.hpp"
#include "queue/notes.hpp"
#include "queue/orders.hpp"

namespace sluice::queue {

/// What to do with a record whose attempt has no known outcome.
enum class DoubtPolicy : std::uint8_t {
  retry,             ///< again after in_doubt_delay, with the same id, date and bytes
  assume_delivered,  ///< final: delivered, class "assumed"
  hold,              ///< not sent again; ends as expired unless an operator releases it
};

struct Options {
  store::Options store;
  FeederOptions feeder;
  std::uint16_t node = 0;  ///< part of every message id; below 4096
  DoubtPolicy in_doubt = DoubtPolicy::retry;
  std::chrono::seconds in_doubt_delay{30 * 60};
  DebtRule owes;  ///< empty: nobody is owed anything
};

struct RecoveryReport {
  std::uint64_t in_doubt = 0;  ///< unsettled leases found
  std::uint64_t lease_blocks = 0;
  std::uint64_t queued = 0;  ///< over all streams, after recovery
};

using Done = std::function<void(const Expected<>&)>;
/// `leased` may be attempted now; `refused` belong to streams that may not send and go back to their lanes.
/// Records of the run in neither were edited meanwhile (edit.hpp): the worker forgets them.
using LeaseDone = std::function<void(const Expected<>&, std::vector<Held> leased, std::vector<Held> refused)>;

class Queue {
 public:
  /// Opens or creates, brings the records of unsettled leases back as in doubt. Newer formats are refused.
  [[nodiscard]] static Expected<std::unique_ptr<Queue>> open(const Options& options, const Clock& clock,
                                                             rocksdb::Env* env = nullptr);
  ~Queue();

  /// Starts feeding. The receivers must outlive stop().
  void start(std::vector<RunReceiver*> workers);
  /// In place of start(), for the simulation: no threads. The caller steps committer() and feeder(); calls
  /// that block for a commit step it themselves, with `pause` between two tries of one that fails.
  void drive(std::vector<RunReceiver*> workers, std::function<void()> pause);
  /// Commits what was submitted, then closes the feed. Leases not settled become in doubt at the next open.
  void stop();

  // -- streams
  // -------------------------------------------------------------------------------------------------
  /// Durable when it returns. `parts` are the stream's content, by name. Blocks for one commit: not for
  /// workers.
  [[nodiscard]] Expected<StreamPtr> create_stream(
      StreamSettings settings, const std::vector<std::pair<std::string, std::string>>& parts);
  /// Durable and in force when it returns: with paused or cancelling no lease is granted after it. An event
  /// records `cause`. Fails with conflict for a step the state does not allow. Blocks for one commit.
  [[nodiscard]] Expected<> set_state(const StreamPtr& stream, StreamState to, const std::string& cause);
  /// Another share of each site's turns, and other sources, from now on. Durable when it returns. conflict:
  /// the stream has ended. Blocks for one commit.
  [[nodiscard]] Expected<> set_priority(const StreamPtr& stream, std::uint8_t priority);
  [[nodiscard]] Expected<> set_pool(const StreamPtr& stream, const std::string& pool);
  /// Writes `cancelled` finals for up to `limit` records of a cancelling stream; true when none is left and
  /// the stream is cancelled. Blocks for commits: for the sweeper.
  [[nodiscard]] Expected<bool> sweep_cancelled(const StreamPtr& stream, std::size_t limit);
  /// Sets or lifts a standing order. Durable and in force when it returns; setting it twice, or lifting one
  /// that is not there, changes nothing. limit: kMaxOrders. Blocks for one commit.
  [[nodiscard]] Expected<> set_order(const Order& order, bool hold);
  [[nodiscard]] const Orders& orders() const { return orders_; }
  [[nodiscard]] StreamTable& streams() { return streams_; }
  [[nodiscard]] Counters counters(StreamId stream) const { return ledger_.counters(stream); }
  [[nodiscard]] Expected<std::optional<std::string>> content(StreamId stream, std::string_view part) const;
  /// As last set by an injection; empty when never.
  [[nodiscard]] Expected<std::string> checkpoint(StreamId stream) const;

  // -- records
  // -------------------------------------------------------------------------------------------------
  /// `injection` must be sealed.
  void inject(std::unique_ptr<Injection> injection, store::Urgency urgency, Done done);
  void lease(std::vector<Held> run, LeaseDone done);
  /// `durable` on the committer's thread, after the sync.
  void settle(std::vector<Settlement> settlements, std::function<void()> durable = {});
  /// Leases of records that were not attempted end. `done` on the committer's thread, when the worker may
  /// have the records leased again.
  void release(std::vector<Held> held, std::function<void(std::vector<Held>)> done);
  /// Unleased records wait until their time: no attempt, no event. The worker forgets them.
  void postpone(std::vector<std::pair<Held, DueSecond>> records);
  /// Changes waiting records, by their keys: at most kMaxEdit. Blocks for one commit: for operators, not for
  /// workers. Keys that name no waiting record are counted, not an error.
  [[nodiscard]] Expected<EditReport> edit(Edit what, const std::vector<std::string>& keys);
  /// Gives waiting records, at most kMaxEdit, their `expired` final if their time is over; how many it gave.
  /// Blocks for one commit: for the sweeper.
  [[nodiscard]] Expected<std::uint64_t> expire(const std::vector<std::string>& keys);
  /// Gives waiting records, at most kMaxEdit, their `suppressed` final. What is leased or gone is counted as
  /// busy. Blocks for one commit: for a sweep, not for workers.
  [[nodiscard]] Expected<EditReport> suppress(const std::vector<Suppressed>& records);
  /// A debt that nothing can pay goes. Blocks for one commit: not for workers.
  [[nodiscard]] Expected<> forgive(const Debt& debt);
  /// Puts an event that belongs to no record into the feed (operational events).
  void record_event(std::string encoded);

  // -- rows that other parts keep here (notes.hpp)
  // -------------------------------------------------------------------------------------------------
  /// Key without the prefix, and value, in the order of keys.
  [[nodiscard]] Expected<std::vector<std::pair<std::string, std::string>>> notes(
      std::string_view prefix) const;
  /// `done` on the committer's thread, after the sync.
  void keep(Notes notes, store::Urgency urgency, Done done);
  /// Durable when it returns. Blocks for one commit: not for workers.
  [[nodiscard]] Expected<> keep_now(const Notes& notes);

  /// Committer's thread only.
  [[nodiscard]] ToldRows& told_rows() { return told_rows_; }
  [[nodiscard]] Feeder& feeder() { return *feeder_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] store::Database& database() { return *database_; }
  [[nodiscard]] store::Committer& committer() { return *committer_; }
  /// What the disk's free space allows; whoever watches it sets it.
  [[nodiscard]] store::DiskState& disk() { return disk_; }
  [[nodiscard]] const store::DiskState& disk() const { return disk_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const RecoveryReport& recovery() const { return recovery_; }

 private:
  void write(store::Batch& batch, const Notes& notes);
  Queue(const Options& options, const Clock& clock) : options_(options), clock_(clock), ledger_(nullptr) {}

  void connect(std::vector<RunReceiver*> workers);
  Expected<> check_format();
  Expected<> load_streams();
  Expected<> load_orders();
  Expected<> change_settings(const StreamPtr& stream, const std::function<void()>& change,
                             const std::string& what);
  Expected<> recover_leases();
  void edit_record(store::Batch& batch, Edit what, const RecordKey& key, EditReport& report);
  void end_record(store::Batch& batch, EventKind kind, std::string_view why, const RecordKey& key,
                  std::string_view value_bytes);
  void recover_record(store::Batch& batch, std::string_view key, std::string_view value);
  Expected<> commit_now(std::function<void(store::Batch&)> apply);

  const Options options_;
  const Clock& clock_;
  store::DiskState disk_;
  std::unique_ptr<store::Database> database_;
  Ledger ledger_;
  std::unique_ptr<store::Committer> committer_;
  std::unique_ptr<Feeder> feeder_;
  StreamTable streams_;
  Orders orders_;
  ToldRows told_rows_;
  std::atomic<std::uint64_t> next_block_{1};
  RecoveryReport recovery_;
};

}  // namespace sluice::queue
