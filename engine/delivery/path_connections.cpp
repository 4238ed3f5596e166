// A path's connections: opening, serving, idling.
#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/delivery/path.hpp"
#include "engine/delivery/worker.hpp"

namespace sluice::delivery {
namespace {

constexpr std::chrono::seconds kRelearnAfter{60};  ///< a learnt connection cap is forgotten after this

}  // namespace

smtp::ClientOptions Path::client_options() const {
  auto options = worker_.shared().options.client;
  options.ehlo_name = source_options().ehlo.empty() ? options.ehlo_name : source_options().ehlo;
  if (limits_->messages_per_connection != UINT32_MAX) options.max_messages = limits_->messages_per_connection;
  const auto& tls = dispatch_.site().plan->tls;
  if (tls == "off") options.tls = smtp::TlsPolicy::none;
  if (tls == "opportunistic") options.tls = smtp::TlsPolicy::opportunistic;
  if (tls == "required") options.tls = smtp::TlsPolicy::required;
  if (tls == "verified") options.tls = smtp::TlsPolicy::verified;
  return options;
}

smtp::Target Path::target() const {
  const auto& plan = *dispatch_.site().plan;
  smtp::Target out;
  const auto order = dns::attempt_order(plan, worker_.random());
  for (const auto at : order) {
    const auto& endpoint = plan.endpoints[at];
    const bool family_off = endpoint.address.is_v6()
                                ? !source_options().address6 && source_options().address.has_value()
                                : !source_options().address && source_options().address6.has_value();
    if (!family_off) out.hosts.push_back({{endpoint.address, endpoint.port}, plan.hosts[endpoint.host].name});
  }
  out.local = source_options().address ? source_options().address : source_options().address6;
  out.session_key = dispatch_.site().key + "|" + source_options().name;
  return out;
}

void Path::open_connections(std::size_t waiting_lanes) {
  const auto now = worker_.now();
  const bool waits = sending_allowed(now) && !worker_.stopping() && open_while_granted(waiting_lanes, now);
  if (!waits) opening_.pass_on(now);
}

bool Path::open_while_granted(std::size_t waiting_lanes, Instant now) {
  refresh_limits(now);
  for (;;) {
    const bool any_idle =
        std::any_of(connections_.begin(), connections_.end(), [](const auto& c) { return c->idle; });
    const auto total = open_ + connecting_;
    const bool work = total == 0 ? waiting_lanes + ready_.size() > 0
                                 : waiting_lanes > 0 && !any_idle && room() == 0 && connecting_ < open_;
    if (!work || total >= cap_) return false;
    auto permits = throttle::acquire(limits_->connection, 1, now);
    if (!permits) {
      auto* const limit = permits.error().limit;
      const auto parked = limit->park(opening_, now, 1);
      if (parked.arm) worker_.arm(limits_, limit, *parked.arm);
      if (parked.parked) return true;
      continue;
    }
    opening_.satisfied();
    if (!worker_.take_connection(*this)) {
      permits->refund(now);
      return false;
    }
    auto connection = std::make_unique<Connection>(
        worker_.shared().network.connection(worker_.loop().context(), worker_.tls(), client_options()));
    connection->permits = std::move(*permits);
    auto* raw = connection.get();
    connections_.push_back(std::move(connection));
    ++connecting_;
    if (worker_.tasks().spawn(serve(raw))) continue;
    --connecting_;
    end(raw);
    return false;
  }
}

net::Task<> Path::serve(Connection* connection) {
  const bool opened = co_await open(*connection);
  if (opened) {
    dispatch_.pump();
    co_await send_all(*connection);
    --open_;
  }
  end(connection);
}

net::Task<bool> Path::open(Connection& connection) {
  auto result = co_await connection.transport->open(target());
  --connecting_;
  if (!result) {
    on_open_failed(connection, result.error());
    co_return false;
  }
  ++open_;
  connection.opened = std::move(*result);
  connection.open = true;
  co_return true;
}

void Path::on_open_failed(Connection& connection, const smtp::FailedOpen& failure) {
  if (worker_.stopping()) return;
  connection.opened.peer = failure.peer;
  connection.opened.host = failure.host;
  if (open_ > 0) {  // others work: the receiver wants no more of them
    cap_ = open_;
    worker_.timers().at(worker_.now() + kRelearnAfter, [&worker = worker_, path = id] {
      if (auto* self = worker.find_path(path)) self->cap_ = SIZE_MAX;
    });
    return;
  }
  auto ending = ending_of(failure);
  ending.provider = dispatch_.site().provider;
  ending.mx = failure.host;
  const auto outcome = outcome_of(ending, worker_.shared().options.reply_rules());
  if (!ready_.empty()) {
    auto held = std::move(ready_.front());
    ready_.pop_front();
    worker_.settle(std::move(held), outcome, ending, {}, this);
  } else {
    dispatch_.blame_one(*this, outcome, ending);
  }
  back_off(std::string(feedback::name_of(outcome.bounce_class)) + " at " + std::string(ending.stage));
}

net::Task<> Path::send_all(Connection& connection) {
  bool have = fetch(*connection.current);
  for (;;) {
    if (!have) {
      const bool more = co_await wait_for_work(connection);
      if (!more) break;
      have = fetch(*connection.current);
      continue;
    }
    const bool have_next = fetch(*connection.next);
    const auto* next = have_next ? &connection.next->message.envelope : nullptr;
    // Whoever became ready in this turn of the loop signs first; then all write, back to back: a receiver
    // that sleeps between two writes costs a wake-up each.
    co_await net::asio::post(worker_.loop().context(), net::asio::use_awaitable);
    // It may have been fetched long ago, while the message before it was slow to be taken.
    if (!connection.transport->next_begun() && !connection.current->given()) {
      release(std::move(connection.current->held));
      std::swap(connection.current, connection.next);
      have = have_next;
      continue;
    }
    ++sending_;
    const auto result = co_await connection.transport->send(connection.current->message, next);
    --sending_;
    if (unsent(connection, result)) {
      ready_.push_front(std::move(connection.current->held));
    } else {
      settle(connection, *connection.current, result);
    }
    std::swap(connection.current, connection.next);
    have = have_next;
    if (!connection.transport->usable() && !result.next_begun) break;
    dispatch_.pump();
  }
  if (have) ready_.push_front(std::move(connection.current->held));
  co_await connection.transport->quit();
}

/// A reused connection turned out to be closed before this message: another connection sends it, no attempt
/// is spent.
bool Path::unsent(const Connection& connection, const smtp::TransactionResult& result) {
  const auto& only = result.recipients.front();
  return connection.transport->messages() > 1 && only.error && only.error->code == ErrorCode::unavailable &&
         only.stage == smtp::Stage::mail && !only.in_doubt;
}

/// True: there may be records. False: the connection has had its time, or is gone.
net::Task<bool> Path::wait_for_work(Connection& connection) {
  if (worker_.stopping() || !connection.transport->usable()) co_return false;
  dispatch_.pump();
  const auto now = worker_.now();
  if (!ready_.empty() && now >= back_off_until_) co_return true;
  connection.idle = true;
  const auto end = co_await connection.transport->idle(worker_.shared().options.idle_keep);
  connection.idle = false;
  if (end.how != smtp::IdleEnd::How::woken) co_return false;
  co_return !worker_.stopping();
}

void Path::end(Connection* connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& owned) { return owned.get() == connection; });
  SLUICE_ASSERT(found != connections_.end());
  connections_.erase(found);
  worker_.give_connection();
  if (open_ == 0 && connecting_ == 0) release_ready();
  dispatch_.pump_later();
}

}  // namespace sluice::delivery
