// Fills the workers' windows: the only reader of queued records.
//
// Each (stream, phase) has a scan. First attempts are read in key order, lane after lane, a first run of
// each; a long lane then goes on with a cursor of its own, as its worker asks for more. Retries are read by
// due second; what a lane has no room for is passed, and read later by the lane itself. A lane in memory is
// skipped by the scan of first attempts; a lane its worker gave back is parked and costs nothing until its
// time. When the table of lanes is full, parked ones give their place up and are found again by a later pass.
// What is inserted behind a scan makes it run once more. So every unsettled record is, at any time, exactly
// one of: in memory (a lane's open runs), ahead of a cursor, a lane's to read
// (`left_due`), or covered by `dirty` / `left_behind`, which start another pass.
//
// Threads: step() and everything private run on one thread (start() makes it; the simulation calls step()
// itself). The public calls below are from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/store/committer.hpp"
#include "queue/lane_table.hpp"
#include "queue/ledger.hpp"
#include "queue/scan.hpp"

namespace sluice::queue {

struct FeederOptions {
  std::size_t max_resident_records = 100'000;  ///< read and not settled; about 300 bytes each
  std::size_t max_resident_lanes = 50'000;     ///< lanes in memory or parked; about 400 bytes each
  std::size_t page_records = 4096;             ///< one read of a scan
  std::uint32_t first_run = 64;                ///< records of a lane's first read
  std::uint32_t max_run = 1024;                ///< records of a long lane's later reads
  std::size_t retry_lane_records = 256;        ///< a retry lane with more in memory is full
  std::chrono::milliseconds mark_interval{1000};
  /// A parked lane that may go within this keeps its place when the table of lanes is full.
  std::chrono::milliseconds lane_stays{10'000};
};

struct FeederStats {
  std::size_t resident_records = 0;
  std::size_t resident_lanes = 0;
  std::uint64_t records_read = 0;
  std::uint64_t pages_read = 0;
  std::uint64_t damaged = 0;
};

class Feeder final : public CommitObserver {
 public:
  Feeder(store::Database& database, store::Committer& committer, Ledger& ledger, StreamTable& streams,
         const Clock& clock, std::vector<RunReceiver*> workers, FeederOptions options);
  ~Feeder() override;

  void start();
  void stop();

  /// The window of the lane runs low. One call per run received.
  void want_more(LaneRef lane);
  /// The worker drops the lane: `unleased` are its records without a lease, to be read again from `until` on.
  /// `last_run` is the highest run number the worker has received for it. Attempts of the lane may be under
  /// way. `seen` is changes() from before the worker looked at what keeps the lane: if anything has changed
  /// since, `until` may be out of date, and the lane is read again at once.
  void give_back(LaneRef lane, std::uint32_t last_run, std::vector<Held> unleased, Instant until,
                 std::uint64_t seen);
  /// How often stream_changed() and orders_changed() were called. Any thread.
  [[nodiscard]] std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }
  /// Further runs of the lane go to this worker.
  void moved(LaneRef lane, std::uint32_t worker);
  /// After a stream was made, or its state, settings or window changed.
  void stream_changed(StreamPtr stream);
  /// After a standing order on a domain or provider, or a suspension of a source, was set or lifted.
  void orders_changed();

  void on_inserted(std::vector<Insertion> insertions) override;
  void on_settled(const std::vector<SettledRef>& records) override;

  /// Handles what was posted and reads what is wanted; returns when there is something to do next. For the
  /// simulation and tests; with start() the feeder's own thread calls it.
  Instant step();
  /// Something was posted since the last step.
  [[nodiscard]] bool has_mail() const;

  [[nodiscard]] FeederStats stats() const;

 private:
  struct WantMore {
    LaneRef lane;
  };
  struct GiveBack {
    LaneRef lane;
    std::uint32_t last_run;
    std::vector<Held> unleased;
    Instant until;
    std::uint64_t seen;
  };
  struct Moved {
    LaneRef lane;
    std::uint32_t worker;
  };
  struct StreamChanged {
    StreamPtr stream;
  };
  struct OrdersChanged {};
  using Message = std::variant<WantMore, GiveBack, Moved, StreamChanged, OrdersChanged,
                               std::vector<Insertion>, std::vector<SettledRef>>;

  struct Parked {
    Instant until;
    LaneRef lane;
    friend bool operator>(const Parked& a, const Parked& b) { return a.until > b.until; }
  };
  /// A scan to be looked at again.
  struct Later {
    Instant when;
    Scan::Id scan;
    friend bool operator>(const Later& a, const Later& b) { return a.when > b.when; }
  };

  void post(Message message);
  void run();

  // feeder.cpp: messages
  void handle(WantMore& message);
  void handle(GiveBack& message);
  void handle(Moved& message);
  void handle(StreamChanged& message);
  void handle(OrdersChanged& message);
  void handle(std::vector<Insertion>& message);
  void handle(std::vector<SettledRef>& message);
  void settled_one(const SettledRef& settled);
  void idle(FeederLane& lane);
  [[nodiscard]] bool asleep(const FeederLane& lane) const;
  void lay_down(FeederLane& lane);
  void unpark_due();
  void unpark(FeederLane& lane);

  // feeder_turns.cpp: which scan, or which lane of retries, reads next
  Scan& scan(const StreamPtr& stream, Phase phase);
  void forget(Scan::Id id);
  void consider(Scan& scan);
  [[nodiscard]] bool wants_reading(Scan& scan);
  void look_again(Scan& scan, Instant when);
  void look_at_due();
  bool read_somewhere();
  bool feed_hungry();
  void make_hungry(FeederLane& lane);
  void leave_to_scan(FeederLane& lane);
  void rest(Scan& scan, const Error& why);
  [[nodiscard]] bool full() const;
  [[nodiscard]] std::size_t share() const;

  // feeder_places.cpp: lanes that are parked, and give their place up
  void park(FeederLane& lane, Instant until);
  void make_room();
  void give_place_up(FeederLane& lane);

  // feeder_scan.cpp: reading
  void read_first_page(Scan& scan);
  std::uint32_t take_lane(Scan& scan, store::Cursor& cursor, FeederLane& lane, Page& page);
  void read_retry_page(Scan& scan);
  /// A page of several lanes that is being filled.
  struct Filling {
    struct Part {
      FeederLane* lane;
      std::uint32_t first;
      std::uint32_t count;
    };
    std::shared_ptr<Page> page;
    std::vector<Part> parts;
  };
  bool take_retry(Scan& scan, store::Cursor& cursor, const RecordKey& key, Filling& into);
  void refill(FeederLane& lane);
  void refill_retries(FeederLane& lane);
  void hand_over(Scan& scan, const Insertion& insertion);
  void emit(FeederLane& lane, std::shared_ptr<const Page> page, std::uint32_t first, std::uint32_t count);
  void emit(Filling& filled);
  void hand_out();
  [[nodiscard]] std::uint32_t home_of(const FeederLane& lane) const;

  // feeder_marks.cpp: what reading leaves on disk
  void set_aside(std::string_view key, std::string_view value);
  void raise_marks(bool all);

  store::Database& database_;
  store::Committer& committer_;
  Ledger& ledger_;
  StreamTable& streams_;
  const Clock& clock_;
  const std::vector<RunReceiver*> workers_;
  const FeederOptions options_;

  LaneTable lanes_;
  std::vector<std::vector<Run>> outgoing_;  ///< runs of this step, by worker
  std::map<Scan::Id, Scan> scans_;
  std::deque<Scan::Id> ready_;  ///< scans that want to read, in turn
  std::size_t active_ = 0;      ///< scans with a claim on a share of the memory
  std::priority_queue<Later, std::vector<Later>, std::greater<>> later_;
  std::deque<LaneRef> hungry_;  ///< lanes of retries that may read what the scan passed, in turn
  std::size_t resident_ = 0;
  Instant now_{};              ///< of this step
  std::uint64_t read_at_ = 0;  ///< edits committed when this step began
  std::priority_queue<Parked, std::vector<Parked>, std::greater<>> parked_;
  std::uint32_t place_hand_ = 0;  ///< the slot looked at next for a place
  Instant next_room_{};           ///< no place was found: not before
  Instant next_marks_{};

  mutable std::mutex inbox_mutex_;
  std::condition_variable inbox_wake_;
  std::vector<Message> inbox_;
  std::atomic<std::uint64_t> changes_{0};
  bool stopping_ = false;
  std::thread thread_;

  std::uint64_t records_read_ = 0;
  std::uint64_t pages_read_ = 0;
  std::uint64_t damaged_ = 0;
  mutable std::mutex stats_mutex_;
  FeederStats stats_;
};

}  // namespace sluice::queue
