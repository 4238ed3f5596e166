// A path: one source to one site. It has the connections, their permits, and the records that are leased for
// it.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/delivery/explanation.hpp"
#include "engine/delivery/meter.hpp"
#include "engine/delivery/outcome.hpp"
#include "engine/delivery/prepared.hpp"
#include "engine/delivery/shared.hpp"
#include "engine/delivery/tolerance.hpp"
#include "engine/net/task.hpp"
#include "queue/worker_lane.hpp"
#include "throttle/permits.hpp"
#include "throttle/waiter.hpp"

namespace sluice::delivery {

class Dispatch;

struct PathStats {
  std::string source;
  std::size_t connections = 0;
  std::size_t connecting = 0;
  std::size_t leased = 0;  ///< with a lease, not sent yet
  std::uint64_t attempts = 0;
  std::uint64_t delivered = 0;
  std::string waits_for;  ///< a limit's name, or why it backs off; empty: sends
  Instant until{};        ///< of waits_for, when known
};

/// One owner thread. Call leave() before destruction, when no connection is left.
class Path final : public throttle::Waiter {
 public:
  Path(Worker& worker, Dispatch& dispatch, std::uint64_t id, std::size_t number, const PoolSource& source);

  const std::uint64_t id;
  const std::size_t number;  ///< in its dispatch
  const std::size_t source;  ///< index into Options::sources
  const unsigned weight;     ///< share of the pool's first attempts
  long credit = 0;           ///< Dispatch::choose's
  const std::uint16_t mark;  ///< what Trail::source says for it
  bool in_line = false;      ///< the worker's: waits for one of its connections to end

  [[nodiscard]] Dispatch& dispatch() { return dispatch_; }
  /// Source, pool, provider and site.
  [[nodiscard]] throttle::Subject subject() const;
  /// After a change of policies or overrides: what is open counts under the new limits, and what may not be
  /// sent now goes back. One load when nothing changed.
  void refresh_limits(Instant now);
  /// The next refresh_limits() asks, though no policy has changed.
  void ask_limits_again() { asks_again_ = true; }
  /// How many records it could use now: enough ahead to hide the lease's commit, no more.
  [[nodiscard]] std::size_t room() const;
  [[nodiscard]] std::size_t room(bool express) const { return express ? express_room() : room(); }
  /// The same for transactional mail, on the connection that is kept for it, if one is open.
  [[nodiscard]] std::size_t express_room() const;
  /// Leases the records, then sends them.
  void lease(std::vector<queue::Held> run);
  /// Settlements or releases of that many leases are durable.
  void on_leases_ended(std::size_t records);
  /// Opens connections if there is work for more and permission.
  void open_connections(std::size_t waiting_lanes);
  /// Waits for this limit of its own before it asks again.
  void park(const throttle::Denial& denial, Instant now);
  void on_wake();
  /// What it waited for to open a connection may be there: its dispatch looks again.
  void pump();
  [[nodiscard]] bool is_own(const throttle::Limit* limit) const { return own_.contains(limit); }
  [[nodiscard]] bool sending_allowed(Instant now) const { return !parked_ && closed_until(now) <= now; }
  /// Backs off, is suspended, or has used up its warm-up's day: not before then. In the past: open.
  [[nodiscard]] Instant closed_until(Instant now) const;
  /// Records that keep this source may go by another: it is suspended for too long, or warms up and has no
  /// more for today.
  [[nodiscard]] bool lets_go(Instant now) const;
  /// When lets_go() will be true for a suspended one.
  [[nodiscard]] Instant lets_go_at() const;
  /// Its source may have been suspended or resumed.
  void look_at_source(Instant now);
  /// Has a connection, or tries to get one.
  [[nodiscard]] bool connected() const { return connections() > 0; }
  /// Open and being opened.
  [[nodiscard]] std::size_t connections() const { return open_ + connecting_; }
  /// Gives one connection up, between two messages: another path needs its place. From Places.
  void yield();
  /// It may open its first connection now. From Places.
  void take_turn();
  /// Ends a connection that has nothing to do, if there is one and it may go.
  bool end_one_idle();
  [[nodiscard]] bool asks_slot_of(const throttle::Limit* limit) const;
  /// Records that keep this path's source: their lanes wait until it has room. See Dispatch.
  queue::LaneList sticky;
  std::size_t sticky_lanes = 0;
  [[nodiscard]] bool quiet() const { return connections_.empty() && ready_.empty() && unsettled_ == 0; }
  /// The stream was paused or cancelled: its leased records go back.
  void release_stream(const queue::Stream& stream);
  void begin_stop();
  /// Records with a lease that may still be on disk.
  [[nodiscard]] std::size_t unsettled() const { return unsettled_; }
  void leave(Instant now) {
    pass_on(now);
    opening_.pass_on(now);
  }
  [[nodiscard]] PathStats stats() const;
  /// Adds what holds back any mail that would leave by it, but for limits of messages.
  void explain(std::vector<Blocker>& out, Instant now) const;
  /// It waits for a limit before it may send; the epoch: it does not.
  [[nodiscard]] Instant waits_since() const { return waits_.since(); }
  /// The source has an address of the family of one host at least.
  [[nodiscard]] bool speaks_to_site() const;
  [[nodiscard]] const SourceOptions& source_options() const;
  [[nodiscard]] const std::string& site_key() const;
  [[nodiscard]] const std::string& site_provider() const;
  [[nodiscard]] std::size_t open_now() const { return open_; }

 private:
  struct Connection {
    explicit Connection(std::unique_ptr<Transport> made) : transport(std::move(made)) {}
    throttle::Permits permits;  ///< before the transport: its slots come back when the socket is closed
    std::unique_ptr<Transport> transport;
    smtp::TlsPolicy policy = smtp::TlsPolicy::none;
    smtp::Opened opened;
    std::unique_ptr<Prepared> current = std::make_unique<Prepared>();
    std::unique_ptr<Prepared> next = std::make_unique<Prepared>();
    Instant opened_at{};
    smtp::TransactionResult::Time last_finished{};
    bool open = false;
    bool express = false;  ///< the last slot there was: for transactional mail alone
    bool idle = false;
    bool leaves = false;                      ///< while idle: was asked to end
    std::list<Path*>::iterator idle_place{};  ///< in Worker's line of idle ones, while idle
  };

  /// Waits for a limit to let another connection be opened, beside the path, which waits to send.
  class Opening final : public throttle::Waiter {
   public:
    explicit Opening(Path& path) : path_(path) {}

   private:
    void wake() override;
    Path& path_;
  };

  void wake() override;

  void on_new_limits(Instant now);
  /// More connections are open than one of its limits has slots: some have to end.
  [[nodiscard]] bool too_many(Instant now) const;
  /// True: it waits for a limit that let no further connection be opened.
  bool open_while_granted(std::size_t waiting_lanes, Instant now);
  [[nodiscard]] bool wants_another(std::size_t waiting_lanes) const;
  /// No other path can do its work: it may ask for a place that others have.
  [[nodiscard]] bool needs_place() const;
  [[nodiscard]] bool place_free(Instant now);
  void claim_place();
  /// True: it waits there.
  bool park_opening(throttle::Limit& limit, Instant now);
  [[nodiscard]] bool start_connection(throttle::Permits permits, bool express);
  net::Task<> serve(Connection* connection);
  net::Task<bool> open(Connection& connection);
  net::Task<> send_all(Connection& connection);
  net::Task<bool> wait_for_work(Connection& connection);
  void end(Connection* connection);
  /// Takes the next leased record, rendered; false when there is none to send now.
  bool fetch(Prepared& into, bool express);
  [[nodiscard]] bool has_ready(const Connection& connection) const {
    return (connection.express ? ready_transactional_ : ready_.size()) > 0;
  }
  [[nodiscard]] queue::Held take_ready(bool express);
  void put_ready(queue::Held held, bool first);
  /// Commercial mail leaves the last slot of a limit for transactional mail.
  [[nodiscard]] bool leaves_last_slot(Instant now) const;
  void settle(Connection& connection, Prepared& message, const smtp::TransactionResult& result);
  /// It was asked to give a place up, and this connection has been of use for a while.
  [[nodiscard]] bool must_yield(const Connection& connection, Instant now) const;
  /// Somebody waits for a slot that this idle connection holds.
  [[nodiscard]] bool slot_wanted() const;
  net::Task<smtp::IdleEnd> idle(Connection& connection, Instant now);
  void remember(const std::vector<net::Endpoint>& dead);
  [[nodiscard]] bool used_up(const Connection& connection) const;
  static bool unsent(const Connection& connection, const smtp::TransactionResult& result);
  void on_open_failed(Connection& connection, const smtp::FailedOpen& failure);
  void on_leased(std::size_t asked, std::size_t transactional, std::vector<queue::Held> granted,
                 std::vector<queue::Held> refused);
  void back_off(const std::string& why);
  /// Nothing leaves before; what has a lease and waits gives it back when that is long.
  void hold(Instant until, const std::string& why);
  /// Another source of the pool may try the record here, now or soon.
  [[nodiscard]] bool limits_paused(Instant now) const {
    return limits_ != nullptr && limits_->paused(now) != nullptr;
  }
  [[nodiscard]] bool another_may_try(const queue::Record& record) const;
  void remember_tls(const Connection& connection);
  void release(queue::Held held);
  void release_ready();
  void wake_idle();
  [[nodiscard]] smtp::ClientOptions client_options() const;
  [[nodiscard]] smtp::Target target() const;

  Worker& worker_;
  Dispatch& dispatch_;
  std::shared_ptr<const throttle::Limits> limits_;  // shared with the policy set's memo
  std::string remote_ip_;                           ///< of the plan that limits_ was resolved with
  std::unordered_set<const throttle::Limit*> own_;
  Opening opening_{*this};
  PathMeter meter_;
  WaitClock waits_;                                       ///< to send
  WaitClock opening_waits_;                               ///< to open another connection
  std::vector<std::unique_ptr<Connection>> connections_;  ///< in the order they were opened
  std::deque<queue::Held> ready_;
  std::size_t ready_transactional_ = 0;  ///< of ready_
  std::size_t leasing_ = 0;
  std::size_t leasing_transactional_ = 0;
  std::size_t express_ = 0;       ///< connections kept for transactional mail: at most one
  std::size_t express_open_ = 0;  ///< of open_
  std::size_t unsettled_ =
      0;  ///< with a lease that may be on disk: asked for, held, or settled and not synced
  std::size_t open_ = 0;
  std::size_t connecting_ = 0;
  std::size_t sending_ = 0;
  bool turn_failed_ = false;  ///< its turn for a place came, and a limit let it open nothing
  std::size_t yields_ = 0;    ///< 1: a connection is to be given up
  Tolerance tolerance_;       ///< the receiver's, of this source alone
  Warmup* warmup_;            ///< null: its source has none
  std::uint64_t source_generation_ = 0;
  SourceStanding standing_;
  double seconds_per_message_ = 0.05;
  bool parked_ = false;
  unsigned failures_ = 0;
  Instant back_off_until_{};
  Instant back_off_since_{};
  bool asks_again_ = false;  ///< see ask_limits_again()
  std::string back_off_why_;
  std::uint64_t attempts_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace sluice::delivery
