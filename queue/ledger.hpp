// The accounts, on the committer's thread: event numbers, counters, lease blocks and low-water marks are
// absolute values owned here and written in the same batch as what they account for.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/store/database.hpp"
#include "queue/counters.hpp"
#include "queue/debt.hpp"
#include "queue/key.hpp"
#include "queue/lease.hpp"
#include "queue/outbox.hpp"

namespace sluice::queue {

/// Rows that entered a stream in one commit.
struct Insertion {
  StreamId stream = 0;
  Phase phase = Phase::first;
  std::string first_key;    ///< smallest key among them
  std::uint64_t epoch = 0;  ///< grows with every insertion
  std::shared_ptr<const Page>
      page;  ///< the records themselves, when few; else null and they are read from disk
};

/// Told after each sync, on the committer's thread, what became durable in it. Must not block.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  virtual void on_inserted(std::vector<Insertion> insertions) = 0;
  virtual void on_settled(const std::vector<SettledRef>& records) = 0;
};

class Ledger {
 public:
  explicit Ledger(CommitObserver* observer) : observer_(observer) {}

  // -- before the committer starts
  // ---------------------------------------------------------------------------
  /// Reads counters, marks and the last sequence number.
  [[nodiscard]] Expected<> load(const store::Database& database);
  void set_observer(CommitObserver* observer) { observer_ = observer; }
  /// Empty: nobody is owed anything.
  void set_debts(DebtRule owes) { owes_ = std::move(owes); }

  // -- inside Work::apply
  // ------------------------------------------------------------------------------------
  /// Gives the event the next sequence number, which is returned, and puts it into the outbox.
  std::uint64_t add_event(store::Batch& batch, std::string_view encoded);
  [[nodiscard]] Counters& touch(StreamId stream);
  /// Puts a new record; its insertion is noted once per batch (note_insertion).
  void insert(store::Batch& batch, std::string_view key, std::string_view value);
  void note_insertion(Insertion insertion);
  /// Writes the block. Its records count as leased until settled.
  void lease(store::Batch& batch, std::uint64_t block, const std::vector<Held>& run);
  [[nodiscard]] bool is_leased(StreamId stream, Row row) const { return leased_.contains({stream, row}); }
  /// Is what a worker read of an unleased record still so? Only streams that were edited since cost a read.
  enum class Standing : std::uint8_t {
    same,
    gone,     ///< taken out, or moved to another key
    changed,  ///< under the same key with another trail
  };
  [[nodiscard]] Standing standing(const Held& held);
  /// The worker's record is no longer true: it is forgotten, without any account.
  void drop(const Held& held, Standing why);
  /// Record, event, counters, lease. An unleased record that is no longer so is dropped.
  void settle(store::Batch& batch, const Settlement& settlement);
  /// The recipient is final with this event: its claim on the stored body ends, if it has one, or passes on
  /// to what is owed for it.
  void end_claims(store::Batch& batch, const Stream* stream, const RecordKey& key, const RecordValue& value,
                  EventKind kind, std::uint64_t seq, std::string_view event);
  /// The debt is paid: it goes, with its claim.
  void pay(store::Batch& batch, const Debt& debt);
  /// Takes a waiting record out of the queue: its value, or nothing when it is leased, gone, or was settled
  /// or withdrawn earlier in this very batch, where the database does not show it yet. The caller accounts
  /// for it. Reads the database: for bounded numbers of records.
  [[nodiscard]] std::optional<std::string> withdraw(store::Batch& batch, const store::Database& database,
                                                    const RecordKey& key);
  /// The two halves of withdraw(): its value, if it may be withdrawn, and taking it out.
  [[nodiscard]] std::optional<std::string> waiting(const store::Database& database, const RecordKey& key);
  void take_out(store::Batch& batch, const RecordKey& key);
  /// Puts a withdrawn record again, under `key` (Phase::retry), and marks its stream as edited. `before` is
  /// the key and trail it was withdrawn with.
  void put_again(store::Batch& batch, const RecordKey& key, const RecordValue& value, const RecordKey& before,
                 const Trail& trail);
  /// An unleased record may not go before `due`: it waits there, as it is. No event, no attempt.
  void postpone(store::Batch& batch, const Held& held, DueSecond due);
  /// What workers have read of the stream before this batch is to be looked at again (standing()).
  void mark_edited(Stream& stream) {
    stream.set_edited(edits_.load(std::memory_order_relaxed) + 1);
    editing_ = true;
  }
  /// The record was leased and will not be attempted: its lease ends, the record stays.
  void release(store::Batch& batch, const Held& held);
  /// Raises a low-water mark: every key of the phase below `key` is settled, as of insertion `epoch`. An
  /// insertion below it that the caller had not seen yet keeps the mark down.
  void raise_mark(store::Batch& batch, StreamId stream, Phase phase, std::string key, std::uint64_t epoch);

  // -- the committer's hooks
  // ---------------------------------------------------------------------------------
  void seal(store::Batch& batch);
  void after_sync();

  // -- any thread
  // --------------------------------------------------------------------------------------------
  [[nodiscard]] Counters counters(StreamId stream) const;
  [[nodiscard]] std::uint64_t committed_seq() const { return committed_seq_.load(std::memory_order_acquire); }
  /// Edits committed so far: whatever is read from the database from now on shows them.
  [[nodiscard]] std::uint64_t edits() const { return edits_.load(std::memory_order_acquire); }
  /// Seq of the newest debt committed; 0: there never was one.
  [[nodiscard]] std::uint64_t last_owed() const { return committed_owed_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t leased_now() const { return leased_count_.load(std::memory_order_relaxed); }
  /// The mark as loaded from disk; used by the feeder before the committer starts.
  [[nodiscard]] std::string mark(StreamId stream, Phase phase) const;

 private:
  struct RowKey {
    StreamId stream;
    Row row;
    friend bool operator==(const RowKey&, const RowKey&) = default;
  };
  struct RowHash {
    std::size_t operator()(const RowKey& key) const {
      return (key.row * 0x9e3779b97f4a7c15ULL) ^ (std::uint64_t{key.stream} << 32 | key.stream);
    }
  };
  struct Mark {
    std::string low;  ///< durable: all keys of the phase below are settled
    std::map<std::uint64_t, std::string>
        unseen;  ///< insertions the feeder may not know: epoch -> smallest key
  };

  struct Block {
    std::size_t left = 0;     ///< records not settled
    std::string record_keys;  ///< as written
    bool rewritten = false;
  };

  /// The record's key is erased by the batch being built.
  [[nodiscard]] bool is_ended_here(StreamId stream, Row row);
  /// True: the block still has records.
  bool end_lease(store::Batch& batch, const Held& held);
  void put_mark(store::Batch& batch, StreamId stream, Phase phase, const std::string& low);
  void put_retry(store::Batch& batch, const RecordKey& key, const RecordValue& value);
  void put_debt(store::Batch& batch, const RecordKey& key, const RecordValue& value, std::uint64_t seq,
                std::string_view event);
  /// Once a record: a marker beside the debt says so.
  void owe_delay(store::Batch& batch, const Settlement& settlement, std::uint64_t seq);
  static void drop_body(store::Batch& batch, const RecordKey& key, const RecordValue& value);

  CommitObserver* observer_;
  DebtRule owes_;
  std::uint64_t owed_ = 0;  ///< newest debt, of this batch too
  std::uint64_t next_seq_ = 1;
  OutboxWriter outbox_;
  std::uint64_t next_epoch_ = 1;
  std::unordered_map<StreamId, Counters> counters_;
  std::set<StreamId> touched_;
  std::map<std::pair<StreamId, Phase>, Mark> marks_;
  boost::unordered_flat_map<std::uint64_t, Block> blocks_;
  boost::unordered_flat_set<RowKey, RowHash> leased_;
  std::vector<Insertion> insertions_;
  std::map<StreamId, std::pair<std::string, std::uint64_t>>
      requeued_;  ///< this batch's retries: smallest key
  std::vector<SettledRef> settled_;
  std::vector<SettledRef> dropped_;  ///< this batch's, of drop(): nothing was written for them
  const store::Database* database_ = nullptr;
  bool editing_ = false;                                      ///< this batch has an edit
  std::unordered_map<StreamId, std::uint64_t> written_held_;  ///< Counters::held as it stands on disk
  std::unordered_set<RowKey, RowHash>
      ended_;  ///< erased by this batch: withdrawn, and settled_ up to ended_to_
  std::size_t ended_to_ = 0;
  std::string scratch_key_;
  std::string scratch_value_;

  std::atomic<std::uint64_t> committed_seq_{0};
  std::atomic<std::uint64_t> committed_owed_{0};  // whoever pays looks here before it reads
  std::atomic<std::uint64_t> leased_count_{0};
  std::atomic<std::uint64_t> edits_{0};  // the feeder reads it before it reads records
  mutable std::mutex published_mutex_;
  std::unordered_map<StreamId, Counters> published_;
};

}  // namespace sluice::queue
