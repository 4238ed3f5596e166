// The only writer. Everybody's changes of a moment become one batch, synced once: group commit.
//
// A sync starts as soon as the last one ended and somebody waits (Urgency::now); work that nobody waits for
// is held up to Options::commit_delay so that more joins it. Guarantee: done() runs only after the work's
// changes, and all changes of works submitted before it, are on disk.
//
// A commit that fails is kept, byte for byte, and tried again every Options::resume_interval; meanwhile
// health() tells why, nothing is reported done, and submit() waits once max_pending_works are queued: that
// bound is also the back-pressure for write stalls. On stop() with a failing disk the kept works are reported
// failed. After an I/O error (a full disk is none) RocksDB never writes again: set_lost() is told.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/store/database.hpp"

namespace sluice::store {

enum class Urgency {
  now,   ///< somebody waits for done(): a lease, a door's 250
  soon,  ///< nobody waits: settles, marks
};

/// One submitter's share of a commit. Both calls run on the committer's thread.
class Work {
 public:
  virtual ~Work() = default;
  /// Adds its changes. May read and change state that the committer's thread owns. Called exactly once.
  virtual void apply(Batch& batch) = 0;
  /// After the sync, or with the error when the committer stops on a failing disk. Called exactly once.
  virtual void done(const Expected<>& result) = 0;
};

/// A Work made of two callables.
template <class Apply, class Done>
[[nodiscard]] std::unique_ptr<Work> make_work(Apply apply, Done done) {
  class Pair final : public Work {
   public:
    Pair(Apply a, Done d) : apply_(std::move(a)), done_(std::move(d)) {}
    void apply(Batch& batch) override { apply_(batch); }
    void done(const Expected<>& result) override { done_(result); }

   private:
    Apply apply_;
    Done done_;
  };
  return std::make_unique<Pair>(std::move(apply), std::move(done));
}

struct CommitterStats {
  std::uint64_t commits = 0;
  std::uint64_t works = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failures = 0;
  std::uint64_t busy_us = 0;  ///< time inside write_synced
};

/// One commit, for metrics.
struct Commit {
  std::chrono::nanoseconds took{0};  ///< to write and sync
  std::size_t works = 0;             ///< that shared it
};

class Committer {
 public:
  /// `seal` runs on the committer's thread after the last apply() of a batch and before it is written: the
  /// owner adds what depends on the whole batch (counters, once per stream). `after` runs after each
  /// successful sync, before the done() calls.
  Committer(Database& database, const Options& options, std::function<void(Batch&)> seal = {},
            std::function<void()> after = {});
  ~Committer();

  /// Called on the committer's thread after each failed write, before it is tried again: whoever can make
  /// room does. Must not block long. Before start().
  void set_relief(std::function<void(const Error&)> relief) { relief_ = std::move(relief); }
  /// Called once, on the committer's thread, when no commit can succeed before a new start. Before start().
  void set_lost(std::function<void(const Error&)> lost) { lost_ = std::move(lost); }

  /// Called on the committer's thread after each commit. Must not block. Before start().
  void set_meter(std::function<void(const Commit&)> meter) { meter_ = std::move(meter); }

  void start();
  /// In place of start(), for the simulation: whoever calls step() is the committer's thread, and keeps what
  /// is pending below max_pending_works. `pause` is called between two tries where settle_pending() meets a
  /// commit that fails.
  void drive(std::function<void()> pause) { pause_ = std::move(pause); }
  /// Commits what is pending. False: the write failed and is kept; the next call tries it again. After stop()
  /// a failing write is tried once more and its works are reported failed.
  [[nodiscard]] bool step();
  /// Driven: steps until nothing is pending, for callers that wait for a commit. Started: nothing.
  void settle_pending();
  /// Works submitted and not reported done. Any thread.
  [[nodiscard]] std::size_t pending() const;
  /// Commits what is queued, then ends the thread. Works submitted later are reported cancelled.
  void stop();

  /// Any thread but the committer's own callbacks. Order of one thread's calls is kept.
  void submit(std::unique_ptr<Work> work, Urgency urgency);

  /// nullopt: healthy; else why the last commit failed. Any thread.
  [[nodiscard]] std::optional<Error> health() const;
  [[nodiscard]] bool healthy() const { return healthy_.load(std::memory_order_acquire); }
  [[nodiscard]] CommitterStats stats() const;

 private:
  void run();
  bool wait_for_work();
  void wait_after_failure();
  void take_pending();
  void apply_next();
  Expected<> write();
  void finish(const Expected<>& result);
  [[nodiscard]] bool stopping() const;
  void set_health(std::optional<Error> error);

  Database& database_;
  const Options options_;
  const std::function<void(Batch&)> seal_;
  const std::function<void()> after_;
  std::function<void(const Error&)> lost_;
  std::function<void()> pause_;  ///< driven
  std::function<void(const Error&)> relief_;
  std::function<void(const Commit&)> meter_;

  // The committer's thread:
  std::vector<std::unique_ptr<Work>> taken_;
  std::size_t reported_ = 0;          ///< of taken_: done() was called
  std::size_t applied_ = 0;           ///< of taken_: those behind reported_ are in batch_
  std::optional<Batch> batch_;        ///< not on disk yet
  bool failed_ = false;               ///< the last write
  std::chrono::nanoseconds took_{0};  ///< the same, when it did not fail

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable room_;
  std::vector<std::unique_ptr<Work>> pending_;
  std::size_t in_hand_ = 0;  ///< of taken_: not reported
  bool urgent_ = false;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point first_pending_;
  std::optional<Error> health_;
  CommitterStats stats_;
  std::atomic<bool> healthy_{true};
  std::thread thread_;
};

}  // namespace sluice::store
