// A path's connections: opening, serving, idling.
#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/delivery/path.hpp"
#include "engine/delivery/worker.hpp"

namespace sluice::delivery {
namespace {

constexpr std::chrono::seconds kHold{1};  ///< a connection is of use for so long before it gives way
constexpr std::chrono::milliseconds kLeastIdle{10};

/// A source without addresses of its own leaves the choice to the system.
bool speaks(const SourceOptions& source, const dns::Endpoint& endpoint) {
  if (!source.address && !source.address6) return true;
  return endpoint.address.is_v6() ? source.address6.has_value() : source.address.has_value();
}

}  // namespace

bool Path::speaks_to_site() const {
  return std::ranges::any_of(dispatch_.site().plan->endpoints,
                             [&](const auto& one) { return speaks(source_options(), one); });
}

smtp::ClientOptions Path::client_options() const {
  auto options = worker_.shared().options.client;
  options.ehlo_name = source_options().ehlo.empty() ? options.ehlo_name : source_options().ehlo;
  if (limits_->messages_per_connection != UINT32_MAX) options.max_messages = limits_->messages_per_connection;
  const auto& tls = dispatch_.site().plan->tls;
  if (tls == "off") options.tls = smtp::TlsPolicy::none;
  if (tls == "opportunistic") options.tls = smtp::TlsPolicy::opportunistic;
  if (tls == "required") options.tls = smtp::TlsPolicy::required;
  if (tls == "verified") options.tls = smtp::TlsPolicy::verified;
  // A provider's word may ask for more than [tls], and for less only where that is a mere offer.
  const bool free = tls.empty() && options.tls == smtp::TlsPolicy::opportunistic;
  const auto& providers = worker_.shared().options.providers;
  const auto known = std::ranges::find(providers, dispatch_.site().provider, &ProviderOptions::name);
  if (free && known != providers.end() && known->tls == "required") options.tls = smtp::TlsPolicy::required;
  if (free && known != providers.end() && known->tls == "off") options.tls = smtp::TlsPolicy::none;
  return options;
}

smtp::Target Path::target() const {
  const auto& plan = *dispatch_.site().plan;
  const auto now = worker_.now();
  smtp::Target out;
  auto* const broken_tls = worker_.shared().broken_tls;
  std::vector<smtp::TargetHost> dead;
  for (const auto at : dns::attempt_order(plan, worker_.random())) {
    const auto& endpoint = plan.endpoints[at];
    if (!speaks(source_options(), endpoint)) continue;
    const auto& name = plan.hosts[endpoint.host].name;
    const bool broken = broken_tls != nullptr && broken_tls->knows(name, now);
    smtp::TargetHost host{{endpoint.address, endpoint.port}, name, broken};
    const bool left_out = worker_.dead_hosts().dead({source, endpoint.address, endpoint.port}, now);
    (left_out ? dead : out.hosts).push_back(std::move(host));
  }
  if (out.hosts.empty()) out.hosts = std::move(dead);  // none is better than another
  out.local = source_options().address ? source_options().address : source_options().address6;
  out.session_key = dispatch_.site().key + "|" + source_options().name;
  return out;
}

void Path::remember(const std::vector<net::Endpoint>& dead) {
  for (const auto& endpoint : dead)
    worker_.dead_hosts().failed({source, endpoint.address(), endpoint.port()}, worker_.now());
}

void Path::open_connections(std::size_t waiting_lanes) {
  const auto now = worker_.now();
  const bool waits = sending_allowed(now) && !worker_.stopping() && open_while_granted(waiting_lanes, now);
  if (waits) return;
  opening_.pass_on(now);
  opening_waits_.end(meter_.site(), now);
}

bool Path::wants_another(std::size_t waiting_lanes) const {
  if (connections() == 0) return waiting_lanes + ready_.size() > 0;
  if (connections() == express_) return waiting_lanes > 0 || ready_.size() > ready_transactional_;
  const auto more = warmup_ == nullptr ? throttle::kUnlimited : warmup_->left(worker_.now());
  if (more <= ready_.size() + leasing_) return false;  // it is the warm-up that lets no more be leased
  const bool urgent = dispatch_.order().has_transactional();
  const bool any_idle = std::any_of(connections_.begin(), connections_.end(), [urgent](const auto& one) {
    return one->idle && (urgent || !one->express);
  });
  return waiting_lanes > 0 && !any_idle && room() == 0 && connecting_ < open_;
}

bool Path::needs_place() const {
  if (connections() > 0) return false;
  const bool alone = std::none_of(dispatch_.paths().begin(), dispatch_.paths().end(),
                                  [](const auto& path) { return path->connected(); });
  return sticky_lanes > 0 || alone;
}

bool Path::place_free(Instant now) {
  auto& places = dispatch_.site().places;
  if (connections() > 0 && connections() >= tolerance_.limit(now)) return false;
  if (places.may_open(*this, now)) return true;
  claim_place();
  return false;
}

/// Not again when it had its turn and waits for something else: the wake-up for that brings it back here.
void Path::claim_place() {
  if (!turn_failed_ && needs_place()) dispatch_.site().places.claim(*this);
}

bool Path::park_opening(throttle::Limit& limit, Instant now) {
  const bool waits_there = opening_.parked_on() == &limit;
  const auto parked = limit.park(opening_, now, 1);
  if (parked.arm) worker_.arm(limits_, &limit, *parked.arm);
  const auto reason = limit.is_slots() ? WaitReason::connections : WaitReason::connection_rate;
  if (parked.parked) opening_waits_.begin(reason, now);
  if (!parked.parked || !limit.is_slots()) return parked.parked;
  // Slots come back when connections end: those that are not used, and some of a path that has many.
  if (!waits_there) worker_.end_idle(limit);
  if (dispatch_.site().places.taken() > 0) claim_place();
  return true;
}

/// DESIGN §4. A first connection may take it: it serves both.
bool Path::leaves_last_slot(Instant now) const {
  if (connections() == 0 || express_ > 0) return false;
  return std::any_of(limits_->connection.begin(), limits_->connection.end(),
                     [now](const auto* limit) { return limit->is_slots() && limit->available(now) < 2; });
}

bool Path::open_while_granted(std::size_t waiting_lanes, Instant now) {
  refresh_limits(now);
  while (!too_many(now) && wants_another(waiting_lanes)) {
    const bool last = leaves_last_slot(now);
    if (last && !dispatch_.order().has_transactional()) return false;
    if (!place_free(now)) return turn_failed_ && opening_.parked_on() != nullptr;
    auto permits = throttle::acquire(limits_->connection, 1, now);
    if (!permits) {
      if (park_opening(*permits.error().limit, now)) return true;
      continue;
    }
    opening_.satisfied();
    opening_waits_.end(meter_.site(), now);
    if (!start_connection(std::move(*permits), last)) return false;
  }
  return false;
}

bool Path::start_connection(throttle::Permits permits, bool express) {
  if (!worker_.take_connection(*this)) {
    permits.refund(worker_.now());
    return false;
  }
  auto options = client_options();
  const auto policy = options.tls;
  auto connection = std::make_unique<Connection>(
      worker_.shared().network.connection(worker_.loop().context(), worker_.tls(), std::move(options)));
  connection->permits = std::move(permits);
  connection->policy = policy;
  connection->express = express;
  express_ += express ? 1 : 0;
  auto* raw = connection.get();
  connections_.push_back(std::move(connection));
  turn_failed_ = false;
  ++connecting_;
  meter_.connecting();
  if (worker_.tasks().spawn(serve(raw))) return true;
  --connecting_;
  meter_.open_failed(smtp::Stage::connect, policy);
  end(raw);
  return false;
}

void Path::take_turn() {
  worker_.post([&worker = worker_, path = id] {
    auto* self = worker.find_path(path);
    if (self == nullptr) return;
    self->dispatch_.pump();
    if (self->connecting_ > 0) return;
    self->turn_failed_ = self->opening_.parked_on() != nullptr || self->in_line;
    self->dispatch_.site().places.end_turn(*self);
  });
}

void Path::yield() {
  yields_ = 1;
  // Idle ones look again, and go once they have been of use for long enough.
  for (const auto& connection : connections_) {
    if (connection->idle) connection->transport->wake();
  }
}

bool Path::end_one_idle() {
  for (auto at = connections_.rbegin(); at != connections_.rend(); ++at) {
    auto& connection = **at;
    if (!connection.idle || connection.leaves) continue;
    connection.leaves = true;
    connection.transport->wake();
    return true;
  }
  return false;
}

bool Path::asks_slot_of(const throttle::Limit* limit) const {
  return limits_ && std::find(limits_->connection.begin(), limits_->connection.end(), limit) !=
                        limits_->connection.end();
}

bool Path::must_yield(const Connection& connection, Instant now) const {
  return yields_ > 0 && now >= connection.opened_at + kHold;
}

bool Path::slot_wanted() const {
  const auto* const own = opening_.parked_on();
  return std::any_of(limits_->connection.begin(), limits_->connection.end(), [own](const auto* limit) {
    return limit->is_slots() && limit->waiting() > (limit == own ? 1U : 0U);
  });
}

net::Task<> Path::serve(Connection* connection) {
  const bool opened = co_await open(*connection);
  if (opened) {
    dispatch_.pump();
    co_await send_all(*connection);
    --open_;
    express_open_ -= connection->express ? 1 : 0;
    meter_.closed(connection->transport->messages());
  }
  end(connection);
}

net::Task<bool> Path::open(Connection& connection) {
  auto result = co_await connection.transport->open(target());
  --connecting_;
  auto& places = dispatch_.site().places;
  if (!result) {
    remember(result.error().dead);
    meter_.open_failed(result.error().stage, connection.policy);
    on_open_failed(connection, result.error());
    places.end_turn(*this);
    co_return false;
  }
  ++open_;
  express_open_ += connection.express ? 1 : 0;
  connection.opened = std::move(*result);
  meter_.opened(connection.opened, connection.policy);
  connection.open = true;
  remember_tls(connection);
  connection.opened_at = worker_.now();
  remember(connection.opened.dead);
  worker_.dead_hosts().worked({source, connection.opened.peer.address(), connection.opened.peer.port()});
  tolerance_.accepted(open_, worker_.now());
  places.tolerance().accepted(places.taken(), worker_.now());
  places.end_turn(*this);
  co_return true;
}

/// STARTTLS of the host breaks: until the memory ends it is not tried there, where policy leaves the choice.
void Path::remember_tls(const Connection& connection) {
  auto* const broken = worker_.shared().broken_tls;
  if (broken == nullptr || !connection.opened.fell_back_to_plain_text) return;
  const auto until = broken->add(connection.opened.host, worker_.now());
  if (!until) return;
  worker_.tell_broken_tls(connection.opened.host, site_key(), site_provider(), *until);
}

void Path::on_open_failed(Connection& connection, const smtp::FailedOpen& failure) {
  if (worker_.stopping()) return;
  connection.opened.peer = failure.peer;
  connection.opened.host = failure.host;
  const auto now = worker_.now();
  auto ending = ending_of(failure);
  ending.provider = dispatch_.site().provider;
  ending.mx = failure.host;
  const auto outcome = outcome_of(ending, worker_.shared().options.reply_rules());
  const auto verdict = worker_.watch().opening_refused(*this, outcome, ending);
  if (verdict.hold_until > now) hold(verdict.hold_until, verdict.cause);
  if (open_ > 0) return tolerance_.refused(open_, now);  // others work: the receiver wants no more of them
  auto& places = dispatch_.site().places;
  // Those of other sources work. Perhaps it takes no more of us in all: then one of them gives way.
  const bool others = places.taken() > connecting_;
  if (others && !failure.reply.permanent() && !places.has_turn(*this)) {
    places.tolerance().refused(places.taken() - connecting_, now);
    return dispatch_.pump_later();
  }
  if (!ready_.empty()) {
    auto held = take_ready(false);
    worker_.settle(std::move(held), outcome, ending, {}, this);
  } else if (!others) {
    dispatch_.blame_one(*this, outcome, ending);
  }
  back_off(std::string(feedback::name_of(outcome.bounce_class)) + " at " + std::string(ending.stage));
}

net::Task<> Path::send_all(Connection& connection) {
  bool have = fetch(*connection.current, connection.express);
  for (;;) {
    if (!have) {
      const bool more = co_await wait_for_work(connection);
      if (!more) break;
      have = fetch(*connection.current, connection.express);
      continue;
    }
    const bool have_next =
        !must_yield(connection, worker_.now()) && fetch(*connection.next, connection.express);
    const auto* next = have_next ? &connection.next->message.envelope : nullptr;
    // Whoever became ready in this turn of the loop signs first; then all write, back to back: a receiver
    // that sleeps between two writes costs a wake-up each.
    co_await net::asio::post(worker_.loop().context(), net::asio::use_awaitable);
    // It may have been fetched long ago, while the message before it was slow to be taken.
    if (!connection.transport->next_begun() && !connection.current->given()) {
      connection.current->share.give_back();
      release(std::move(connection.current->held));
      std::swap(connection.current, connection.next);
      have = have_next;
      continue;
    }
    ++sending_;
    const auto result = co_await connection.transport->send(connection.current->message, next);
    --sending_;
    if (unsent(connection, result)) {
      connection.current->share.give_back();
      put_ready(std::move(connection.current->held), true);
    } else {
      settle(connection, *connection.current, result);
    }
    std::swap(connection.current, connection.next);
    have = have_next;
    if (!connection.transport->usable() && !result.next_begun) break;
    if (!result.next_begun && used_up(connection)) break;
    dispatch_.pump();
  }
  connection.current->share.give_back();
  if (have) put_ready(std::move(connection.current->held), true);
  co_await connection.transport->quit();
}

/// It has had its messages, or is one too many, as policies and overrides now say.
bool Path::used_up(const Connection& connection) const {
  return connection.transport->messages() >= limits_->messages_per_connection || too_many(worker_.now());
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
  const auto now = worker_.now();
  if (now < standing_.until) co_return false;
  if (must_yield(connection, now)) {
    yields_ = 0;
    co_return false;
  }
  dispatch_.pump();
  if (used_up(connection)) co_return false;
  if (has_ready(connection) && now >= closed_until(now)) co_return true;
  const auto end = co_await idle(connection, now);
  if (end.how == smtp::IdleEnd::How::waited) yields_ = 0;
  if (end.how != smtp::IdleEnd::How::woken) co_return false;
  const bool leaves = std::exchange(connection.leaves, false) && !has_ready(connection);
  co_return !leaves && !worker_.stopping() && !used_up(connection);
}

/// As long as idle_keep; shorter where somebody waits for the place.
net::Task<smtp::IdleEnd> Path::idle(Connection& connection, Instant now) {
  auto keep = worker_.shared().options.idle_keep;
  if (yields_ > 0 || slot_wanted()) {
    const auto held = std::chrono::duration_cast<std::chrono::milliseconds>(now - connection.opened_at);
    keep = std::min(keep, std::max(kLeastIdle, std::chrono::milliseconds(kHold) - held));
  }
  connection.idle = true;
  connection.idle_place = worker_.went_idle(*this);
  const auto end = co_await connection.transport->idle(keep);
  connection.idle = false;
  worker_.left_idle(connection.idle_place);
  co_return end;
}

void Path::end(Connection* connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& owned) { return owned.get() == connection; });
  SLUICE_ASSERT(found != connections_.end());
  express_ -= connection->express ? 1 : 0;
  connections_.erase(found);
  worker_.give_connection();
  yields_ = 0;
  dispatch_.site().places.ended(*this);
  if (open_ == 0 && connecting_ == 0) release_ready();
  dispatch_.pump_later();
}

}  // namespace sluice::delivery
