// One delivery thread: the lanes, sites, paths and connections it owns. Everything happens on its loop; the
// feeder and the committer reach it by post() only.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/random.hpp"
#include "engine/delivery/dead_hosts.hpp"
#include "engine/delivery/dispatch.hpp"
#include "engine/delivery/explanation.hpp"
#include "engine/delivery/grants.hpp"
#include "engine/delivery/meter.hpp"
#include "engine/delivery/retry.hpp"
#include "engine/delivery/timers.hpp"
#include "engine/delivery/watch.hpp"
#include "engine/net/task_group.hpp"
#include "engine/net/worker.hpp"
#include "queue/worker_lanes.hpp"

namespace sluice::delivery {

struct SiteStats {
  std::string site;
  std::string provider;
  std::string pool;
  std::size_t lanes = 0;
  std::string waits_for;  ///< the limit most of its parked lanes wait for; empty: none is parked
  std::vector<PathStats> paths;
};

class Worker final : public queue::RunReceiver {
 public:
  Worker(Shared& shared, unsigned number, std::unique_ptr<net::TlsClientContext> tls,
         message::DkimSigner signer, Random random);
  ~Worker() override;

  void start();
  /// In place of start(), for the simulation: the caller's thread is the worker's.
  void drive();
  /// Fires the timers that are due, then runs one handler that is ready; false when none is.
  bool step();
  [[nodiscard]] Instant next_timer() const { return timers_.next(); }
  /// As stop(), without waiting: `drained` is called on the loop.
  void begin_stop(std::function<void()> drained);
  /// Nothing new starts; returns when transactions under way have ended (Options::drain_for at most) and
  /// everything is settled or released. From another thread.
  void stop();

  /// Every site is asked again: what held all of them back (a full disk) is over. Any thread.
  void wake();

  void on_runs(std::vector<queue::Run> runs) override;
  void on_stream_changed(queue::StreamPtr stream) override;
  /// Runs fn on the worker with its sites' state.
  void inspect(std::function<void(std::vector<SiteStats>)> fn);
  /// Runs fn on the worker with what holds back the mail asked for.
  void explain(const ExplainQuery& query, std::function<void(std::vector<SiteExplanation>)> fn);
  void post(std::function<void()> fn) { loop_.post(std::move(fn)); }

  // -- on the loop, for paths and dispatches
  // ---------------------------------------------------------------------
  [[nodiscard]] Shared& shared() { return shared_; }
  [[nodiscard]] net::Worker& loop() { return loop_; }
  [[nodiscard]] net::TaskGroup& tasks() { return tasks_; }
  [[nodiscard]] net::TlsClientContext& tls() { return *tls_; }
  [[nodiscard]] message::DkimSigner& signer() { return signer_; }
  [[nodiscard]] Meter& meter() { return meter_; }
  [[nodiscard]] Timers& timers() { return timers_; }
  [[nodiscard]] Watch& watch() { return watch_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] Grants& grants() { return grants_; }
  [[nodiscard]] Instant now() const { return shared_.clock.now(); }
  [[nodiscard]] bool stopping() const { return stopping_; }
  /// False: max_connections are open, and the path is pumped when one of them has ended.
  [[nodiscard]] bool take_connection(Path& path);
  void give_connection();
  /// A connection of the path has nothing to do: it stands in line to be ended when another is needed.
  [[nodiscard]] std::list<Path*>::iterator went_idle(Path& path) { return idle_.insert(idle_.end(), &path); }
  void left_idle(std::list<Path*>::iterator place) { idle_.erase(place); }
  /// Ends the connection that has been idle longest of those that hold a slot of the limit.
  void end_idle(const throttle::Limit& limit);
  [[nodiscard]] DeadHosts& dead_hosts() { return dead_hosts_; }

  LaneState* find_lane(std::uint64_t id);
  Path* find_path(std::uint64_t id);
  std::uint64_t next_id() { return ++last_id_; }
  /// After records were taken from the lane: forgets it when it is empty.
  void after_take(LaneState& lane);
  /// `seen`: see queue::Feeder::give_back().
  void give_back(LaneState& lane, Instant until, std::uint64_t seen);
  [[nodiscard]] std::uint64_t changes() const { return lanes_->changes(); }
  /// Leases of a path end; the records stand first in their lanes again.
  void release(std::vector<queue::Held> held, std::uint64_t path);
  /// Records that lost or never had their lease stand first in their lanes again.
  void take_back(std::vector<queue::Held> held);
  /// One record's fate; permits it still holds come back (Grants::spend() before, for an attempt). `event`
  /// has everything but kind, class, attempts and times, which come from the outcome.
  void settle(queue::Held held, const Outcome& outcome, const Ending& ending, queue::Event event,
              const Path* path);
  void expire(queue::Held held);
  /// An operational event: the host is spoken to in plain text until then.
  void tell_broken_tls(const std::string& host, const std::string& site, const std::string& provider,
                       Instant until);
  /// The recipient is suppressed since the record was queued.
  void suppress(queue::Held held, const suppression::Verdict& verdict, const Path& path);
  /// Fewer leases of a path are out.
  void leases_changed() {
    if (stopping_) lease_gone_.cancel();
  }
  /// The record may not go before: it waits in the store.
  void postpone(queue::Held held, Instant until);
  /// Neither the stream nor a standing order keeps mail to this domain.
  [[nodiscard]] bool may_send(const queue::Stream& stream, std::string_view domain, std::string_view provider,
                              Instant at) const;
  /// Calls Limit::wake_due at the instant a park() asked for.
  void arm(std::shared_ptr<const throttle::Limits> pin, throttle::Limit* limit, Instant when);

 private:
  void explain_limits(PathExplanation& out, const Path& path, const queue::StreamPtr& stream,
                      const std::string& domain, Instant since);
  void accept(queue::Run run);
  void accept_routed(queue::Run run, const dns::Planned<dns::PlanPtr>& route);
  net::Task<> resolve(std::string domain);
  void fail_run(queue::Run run, const dns::RouteFailure& failure);
  void put_off(queue::Run run, Instant until, std::uint64_t seen);
  void attach(queue::WorkerLane& lane, const dns::PlanPtr& plan);
  Dispatch& dispatch_for(const std::string& pool, const dns::PlanPtr& plan);
  void ready(LaneState& lane);
  std::optional<std::chrono::milliseconds> greylist_wait(const queue::Record& record, const Outcome& outcome,
                                                         const Path* path, Instant at);
  [[nodiscard]] bool waits_long(const queue::Record& record, Instant at) const;
  void flush_later();
  void lay_down(const queue::StreamPtr& stream, std::uint64_t seen);
  void attach_anew(const queue::StreamPtr& stream);
  /// Before the lane is forgotten.
  void off_rolls(LaneState& lane);
  std::vector<LaneState*> lanes_of(const queue::StreamPtr& stream);
  void flush_settlements();
  void lease_ended(std::uint64_t path, std::size_t records);
  [[nodiscard]] bool leases_out() const;
  void drop_quiet();
  net::Task<> drain(std::function<void()> drained);

  Shared& shared_;
  const unsigned number_;
  net::Worker loop_;
  Timers timers_;
  net::TaskGroup tasks_;
  net::TaskGroup control_;
  net::asio::steady_timer lease_gone_;  ///< drain() waits for it
  std::unique_ptr<net::TlsClientContext> tls_;
  message::DkimSigner signer_;
  Random random_;
  Grants grants_;
  Meter meter_;  ///< outlives the paths, which hold cells of it
  Watch watch_;
  std::unique_ptr<queue::WorkerLanes> lanes_;
  std::unordered_map<std::uint64_t, std::unique_ptr<LaneState>> states_;
  std::unordered_map<StreamId, LaneRoll> by_stream_;
  std::unordered_map<std::string, std::vector<queue::Run>> resolving_;
  std::map<std::string, std::shared_ptr<Site>> sites_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Dispatch>> dispatches_;  ///< by site, pool
  std::unordered_map<std::uint64_t, Path*> paths_;
  std::vector<queue::Settlement> settlements_;
  std::vector<std::pair<queue::Held, queue::DueSecond>> postponed_;
  std::vector<std::pair<std::uint64_t, std::size_t>> settled_paths_;  ///< of settlements_: path, leases
  bool flush_posted_ = false;
  bool stopping_ = false;
  std::size_t connections_ = 0;
  std::list<Path*> idle_;  ///< a path for each idle connection, the longest idle first
  DeadHosts dead_hosts_;
  std::deque<std::uint64_t> short_of_connections_;  ///< paths, by id, each at most once
  std::uint64_t last_id_ = 0;

  friend class Dispatch;
};

}  // namespace sluice::delivery
