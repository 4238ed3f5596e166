// A path: one source to one site. It has the connections, their permits, and the records that are leased for
// it.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/delivery/outcome.hpp"
#include "engine/delivery/prepared.hpp"
#include "engine/delivery/shared.hpp"
#include "engine/net/task.hpp"
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
  Path(Worker& worker, Dispatch& dispatch, std::uint64_t id, std::size_t number, std::size_t source);

  const std::uint64_t id;
  const std::size_t number;  ///< in its dispatch
  const std::size_t source;  ///< index into Options::sources
  bool in_line = false;      ///< the worker's: waits for one of its connections to end

  [[nodiscard]] Dispatch& dispatch() { return dispatch_; }
  /// How many records it could use now: enough ahead to hide the lease's commit, no more.
  [[nodiscard]] std::size_t room() const;
  /// Leases the records, then sends them.
  void lease(std::vector<queue::Held> run);
  /// Settlements or releases of that many leases are durable.
  void on_leases_ended(std::size_t records);
  /// Opens connections if there is work for more and permission.
  void open_connections(std::size_t waiting_lanes);
  /// Waits for this limit of its own before it asks again.
  void park(const throttle::Denial& denial, Instant now);
  void on_wake();
  /// Its dispatch looks again.
  void pump();
  [[nodiscard]] bool is_own(const throttle::Limit* limit) const { return own_.contains(limit); }
  [[nodiscard]] bool sending_allowed(Instant now) const { return !parked_ && now >= back_off_until_; }
  /// Has a connection, or tries to get one.
  [[nodiscard]] bool connected() const { return open_ + connecting_ > 0; }
  [[nodiscard]] Instant back_off_until() const { return back_off_until_; }
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
  [[nodiscard]] const SourceOptions& source_options() const;
  [[nodiscard]] const std::string& site_key() const;
  [[nodiscard]] const std::string& site_provider() const;
  [[nodiscard]] std::size_t open_now() const { return open_; }

 private:
  struct Connection {
    explicit Connection(std::unique_ptr<Transport> made) : transport(std::move(made)) {}
    std::unique_ptr<Transport> transport;
    smtp::Opened opened;
    throttle::Permits permits;
    std::unique_ptr<Prepared> current = std::make_unique<Prepared>();
    std::unique_ptr<Prepared> next = std::make_unique<Prepared>();
    bool open = false;
    bool idle = false;
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

  void refresh_limits(Instant now);
  /// True: it waits for a limit that let no further connection be opened.
  bool open_while_granted(std::size_t waiting_lanes, Instant now);
  net::Task<> serve(Connection* connection);
  net::Task<bool> open(Connection& connection);
  net::Task<> send_all(Connection& connection);
  net::Task<bool> wait_for_work(Connection& connection);
  void end(Connection* connection);
  /// Takes the next leased record, rendered; false when there is none to send now.
  bool fetch(Prepared& into);
  void settle(Connection& connection, Prepared& message, const smtp::TransactionResult& result);
  static bool unsent(const Connection& connection, const smtp::TransactionResult& result);
  void on_open_failed(Connection& connection, const smtp::FailedOpen& failure);
  void on_leased(std::size_t asked, std::vector<queue::Held> granted, std::vector<queue::Held> refused);
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
  std::unordered_set<const throttle::Limit*> own_;
  Opening opening_{*this};
  std::vector<std::unique_ptr<Connection>> connections_;  ///< in the order they were opened
  std::deque<queue::Held> ready_;
  std::size_t leasing_ = 0;
  std::size_t unsettled_ =
      0;  ///< with a lease that may be on disk: asked for, held, or settled and not synced
  std::size_t open_ = 0;
  std::size_t connecting_ = 0;
  std::size_t sending_ = 0;
  std::size_t cap_ = SIZE_MAX;  ///< learnt: the receiver refused more connections than this
  double seconds_per_message_ = 0.05;
  bool parked_ = false;
  unsigned failures_ = 0;
  Instant back_off_until_{};
  std::string back_off_why_;
  std::uint64_t attempts_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace sluice::delivery
