#include "engine/delivery/path.hpp"

#include <algorithm>
#include <cmath>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"
#include "engine/delivery/worker.hpp"

namespace sluice::delivery {
namespace {

constexpr double kAheadSeconds = 0.04;    ///< leases cover this much sending, several commits long
constexpr std::size_t kRunsAhead = 2;     ///< lease runs asked for or ready, at most
constexpr std::size_t kExpressAhead = 4;  ///< records leased for the connection kept for transactional mail
constexpr std::size_t kLeastAhead = 2;    ///< records leased for a connection, however slow it is
constexpr std::chrono::seconds kReleaseAfter{5};  ///< a back-off longer than this ends the leases that wait

bool is_transactional(const queue::Held& held) {
  return held.stream->settings.stream_class == queue::StreamClass::transactional;
}

}  // namespace

Path::Path(Worker& worker, Dispatch& dispatch, std::uint64_t path_id, std::size_t path_number,
           const PoolSource& path_source)
    : id(path_id),
      number(path_number),
      source(path_source.source),
      weight(path_source.weight),
      mark(worker.shared().sources->number(path_source.source)),
      worker_(worker),
      dispatch_(dispatch),
      meter_(worker.meter(), dispatch.site().provider, source_options().name),
      warmup_(worker.shared().warmups->find(source_options().name, dispatch.site().provider)) {}

const SourceOptions& Path::source_options() const { return worker_.shared().options.sources[source]; }

const std::string& Path::site_key() const { return dispatch_.site().key; }

const std::string& Path::site_provider() const { return dispatch_.site().provider; }

throttle::Subject Path::subject() const {
  using throttle::Dimension;
  throttle::Subject out;
  out[Dimension::source] = source_options().name;
  out[Dimension::pool] = dispatch_.pool();
  out[Dimension::provider] = dispatch_.site().provider;
  out[Dimension::site] = dispatch_.site().key;
  out[Dimension::remote_ip] = remote_ip_;
  return out;
}

void Path::refresh_limits(Instant now) {
  auto& policies = worker_.shared().policies;
  if (limits_ && limits_->generation == policies.generation() && !asks_again_) return;
  asks_again_ = false;
  opening_.pass_on(now);  // the limit it waits for may go with the old answer
  remote_ip_ = first_address(*dispatch_.site().plan);
  const bool first = !limits_;
  const auto before =
      std::exchange(limits_, dispatch_.resolve(subject(), now));  // alive while slots move over
  own_.clear();
  own_.insert(limits_->message.begin(), limits_->message.end());
  own_.insert(limits_->bytes.begin(), limits_->bytes.end());
  if (!first) on_new_limits(now);
}

void Path::on_new_limits(Instant now) {
  for (auto& connection : connections_) connection->permits.cover(limits_->connection);
  std::vector<queue::Held> paused;
  std::erase_if(ready_, [&](queue::Held& held) {
    const auto subject = subject_of(*held.stream, *this, held.record().key.domain);
    if (worker_.shared().policies.resolve(subject, now)->paused(now) == nullptr) return false;
    ready_transactional_ -= is_transactional(held) ? 1 : 0;
    paused.push_back(std::move(held));
    return true;
  });
  if (!paused.empty()) worker_.release(std::move(paused), id);
  if (!too_many(now)) return;
  for (const auto& connection : connections_) {
    if (connection->idle) connection->transport->wake();
  }
}

bool Path::too_many(Instant now) const {
  return std::ranges::any_of(limits_->connection,
                             [now](const throttle::Limit* limit) { return limit->exceeded(now); });
}

std::size_t Path::room() const {
  const auto serving = open_ - express_open_;
  if (serving == 0) return 0;
  const auto ahead = static_cast<std::size_t>(kAheadSeconds / std::max(seconds_per_message_, 1e-6));
  const auto each = std::clamp(ahead, kLeastAhead, worker_.shared().options.lease_run);
  const auto have = ready_.size() + leasing_;
  const auto run = worker_.shared().options.lease_run;
  const auto want = std::min(serving * each, kRunsAhead * run);
  if (2 * have > want) return 0;  // some at a time: a lease costs a write however few it covers
  const auto room = std::min(want - have, kRunsUnsettled * run - std::min(unsettled_, kRunsUnsettled * run));
  if (warmup_ == nullptr) return room;
  const auto left = warmup_->left(worker_.now());
  return left <= have ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(room, left - have));
}

std::size_t Path::express_room() const {
  const auto have = ready_transactional_ + leasing_transactional_;
  const auto most = kRunsUnsettled * worker_.shared().options.lease_run;
  if (express_open_ == 0 || have >= kExpressAhead || unsettled_ >= most) return 0;
  const auto left = warmup_ == nullptr ? throttle::kUnlimited : warmup_->left(worker_.now());
  const auto waiting = ready_.size() + leasing_;
  if (left <= waiting) return 0;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>({kExpressAhead - have, most - unsettled_, left - waiting}));
}

Instant Path::closed_until(Instant now) const {
  const auto until = std::max(back_off_until_, standing_.until);
  return warmup_ == nullptr ? until : std::max(until, warmup_->closed_until(now));
}

Instant Path::lets_go_at() const { return standing_.since + worker_.shared().options.sticky_for; }

bool Path::lets_go(Instant now) const {
  if (now < standing_.until) return now >= lets_go_at();
  return warmup_ != nullptr && now < warmup_->closed_until(now);
}

void Path::look_at_source(Instant now) {
  const auto& sources = *worker_.shared().sources;
  if (source_generation_ == sources.generation()) return;
  source_generation_ = sources.generation();
  standing_ = sources.standing(source_options().name, dispatch_.site().provider);
  if (now >= standing_.until) return;
  release_ready();
  for (const auto& connection : connections_) {
    if (connection->idle) connection->transport->wake();
  }
  const auto again = [&worker = worker_, path = id] {
    if (auto* self = worker.find_path(path)) self->dispatch_.pump();
  };
  worker_.timers().at(standing_.until, again);
  if (lets_go_at() < standing_.until) worker_.timers().at(lets_go_at(), again);
}

void Path::on_leases_ended(std::size_t records) {
  const bool was_full = unsettled_ >= kRunsUnsettled * worker_.shared().options.lease_run;
  SLUICE_ASSERT(unsettled_ >= records);
  unsettled_ -= records;
  if (was_full) dispatch_.pump();
}

void Path::lease(std::vector<queue::Held> run) {
  leasing_ += run.size();
  unsettled_ += run.size();
  const auto express = static_cast<std::size_t>(std::count_if(run.begin(), run.end(), is_transactional));
  leasing_transactional_ += express;
  std::vector<std::uint64_t> marks;
  for (const auto& held : run) {
    if (held.grant != 0) marks.push_back(held.grant);
  }
  auto done = [&worker = worker_, path = id, asked = run.size(), express, marks = std::move(marks)](
                  const Expected<>& result, std::vector<queue::Held> granted,
                  std::vector<queue::Held> refused) mutable {
    if (!result) return;  // the store is closing: the records are found again at the next start
    worker.post([&worker, path, asked, express, marks = std::move(marks), granted = std::move(granted),
                 refused = std::move(refused)]() mutable {
      worker.grants().give_back_others(marks, granted, worker.now());
      if (auto* self = worker.find_path(path))
        return self->on_leased(asked, express, std::move(granted), std::move(refused));
      worker.release(std::move(granted), path);
      worker.take_back(std::move(refused));
    });
  };
  // On disk before or with the lease: what granted these records.
  if (auto* rows = worker_.shared().throttle_rows; rows != nullptr) rows->flush();
  worker_.shared().queue.lease(std::move(run), std::move(done));
}

/// What is neither granted nor refused was edited meanwhile, and is no record of ours any more.
void Path::on_leased(std::size_t asked, std::size_t transactional, std::vector<queue::Held> granted,
                     std::vector<queue::Held> refused) {
  leasing_ -= asked;
  leasing_transactional_ -= transactional;
  unsettled_ -= asked - granted.size();
  worker_.leases_changed();
  for (auto& held : granted) put_ready(std::move(held), false);
  worker_.take_back(std::move(refused));
  if (open_ == 0 && connecting_ == 0) return release_ready();
  wake_idle();
}

void Path::release_ready() {
  if (ready_.empty()) return;
  std::vector<queue::Held> all(std::make_move_iterator(ready_.begin()),
                               std::make_move_iterator(ready_.end()));
  ready_.clear();
  ready_transactional_ = 0;
  worker_.release(std::move(all), id);
}

void Path::put_ready(queue::Held held, bool first) {
  ready_transactional_ += is_transactional(held) ? 1 : 0;
  first ? ready_.push_front(std::move(held)) : ready_.push_back(std::move(held));
}

/// In the order of the leases; `express` skips what is not transactional (there is one that is).
queue::Held Path::take_ready(bool express) {
  const auto at = express ? std::find_if(ready_.begin(), ready_.end(), is_transactional) : ready_.begin();
  SLUICE_ASSERT(at != ready_.end());
  auto held = std::move(*at);
  ready_.erase(at);
  ready_transactional_ -= is_transactional(held) ? 1 : 0;
  return held;
}

void Path::release_stream(const queue::Stream& stream) {
  std::vector<queue::Held> out;
  std::erase_if(ready_, [&](queue::Held& held) {
    if (held.stream.get() != &stream) return false;
    ready_transactional_ -= is_transactional(held) ? 1 : 0;
    out.push_back(std::move(held));
    return true;
  });
  if (!out.empty()) worker_.release(std::move(out), id);
}

void Path::wake_idle() {
  auto left = ready_.size();
  for (const auto& connection : connections_) {
    if (left == 0) return;
    if (!connection->idle || !has_ready(*connection)) continue;
    connection->transport->wake();
    --left;
  }
}

void Path::release(queue::Held held) {
  std::vector<queue::Held> one;
  one.push_back(std::move(held));
  worker_.release(std::move(one), id);
}

bool Path::fetch(Prepared& into, bool express) {
  const auto now = worker_.now();
  into.share.give_back();
  if (!ready_.empty() && lets_go(now)) release_ready();
  while ((express ? ready_transactional_ : ready_.size()) > 0 && now >= closed_until(now) &&
         !worker_.stopping()) {
    if (warmup_ != nullptr && !warmup_->take(now)) {
      release_ready();  // another path of the source took what was left
      return false;
    }
    into.share = WarmupShare(warmup_, now);
    auto held = take_ready(express);
    if (!worker_.may_send(*held.stream, held.record().key.domain, dispatch_.site().provider, now)) {
      release(std::move(held));
      continue;
    }
    into.held = std::move(held);
    into.id = into.held.record().id(worker_.shared().queue.options().node);
    auto content = worker_.shared().contents.get(*into.held.stream);
    if (content) {
      const auto* const book = worker_.shared().suppressed;
      const auto verdict =
          into.allowed.look(book, *into.held.stream, (*content)->list_id(), into.held.record());
      if (verdict) {
        worker_.suppress(std::move(into.held), *verdict, *this);
        continue;
      }
    }
    auto prepared = content ? (*content)->prepare(into.held.record(), worker_.signer(), now, into)
                            : Expected<>(std::unexpected(content.error()));
    if (prepared && worker_.grants().pay_bytes(into.held, into.message.envelope.size_bytes, now)) {
      worker_.meter().signed_in(into.signing);
      return true;
    }
    if (prepared) {
      release(std::move(into.held));
      continue;
    }
    // A disk that cannot be read now is no fault of the message.
    const auto code = prepared.error().code;
    const bool later = code == ErrorCode::io || code == ErrorCode::unavailable;
    const Outcome outcome{later ? queue::EventKind::deferred : queue::EventKind::bounced,
                          later ? feedback::BounceClass::none : feedback::BounceClass::content,
                          PathAction::none, prepared.error().text};
    Ending ending;
    ending.stage = "render";
    worker_.settle(std::move(into.held), outcome, ending, {}, this);
  }
  into.share.give_back();
  return false;
}

void Path::settle(Connection& connection, Prepared& message, const smtp::TransactionResult& result) {
  ++attempts_;
  meter_.sent(result, std::exchange(connection.last_finished, result.finished));
  worker_.grants().spend(message.held);
  auto ending = ending_of(result.recipients.front());
  ending.provider = dispatch_.site().provider;
  ending.mx = connection.opened.host;
  ending.reports_passed = result.reports_passed;
  auto outcome = outcome_of(ending, worker_.shared().options.reply_rules());
  const auto verdict = worker_.watch().answered(*this, *message.held.stream, outcome, ending);
  // Only what was refused may go again by another source: a doubt stays one.
  const bool refused =
      outcome.kind == queue::EventKind::bounced || outcome.kind == queue::EventKind::deferred;
  if (refused && verdict.other_source && another_may_try(message.held.record())) {
    outcome.kind = queue::EventKind::deferred;
    outcome.path = PathAction::hand_over;
  }
  const auto took = std::chrono::duration<double>(result.finished - result.mail_written).count();
  if (result.mail_written.time_since_epoch().count() != 0 && took > 0) {
    seconds_per_message_ += 0.1 * (took - seconds_per_message_);
  }
  if (outcome.kind == queue::EventKind::delivered) {
    ++delivered_;
    failures_ = 0;
  }
  queue::Event event;
  event.sender = message.sender;
  const auto remote = connection.opened.peer.address().to_string();
  event.remote_ip = remote;
  event.mx = connection.opened.host;
  event.size_bytes = message.message.envelope.size_bytes;
  event.tls_version = connection.opened.tls.version;
  event.tls_cipher = connection.opened.tls.cipher;
  if (!event.tls_version.empty())
    event.tls_policy = connection.opened.tls.verified ? "verified" : "opportunistic";
  if (connection.opened.tls_known_broken && event.tls_version.empty()) event.tls_policy = "broken";
  event.dkim = message.signed_by;
  message.share.spend();
  if (warmup_ != nullptr && ending.reply != nullptr) {
    const bool deferred =
        outcome.kind == queue::EventKind::deferred && outcome.bounce_class != feedback::BounceClass::greylist;
    warmup_->attempted(deferred);
  }
  worker_.settle(std::move(message.held), outcome, ending, event, this);
  if (verdict.hold_until > worker_.now()) return hold(verdict.hold_until, verdict.cause);
  if (outcome.path == PathAction::back_off && !worker_.watch().decides())
    back_off(std::string(feedback::name_of(outcome.bounce_class)));
}

bool Path::another_may_try(const queue::Record& record) const {
  if (record.value.trail.moved) return false;
  const auto now = worker_.now();
  const auto& paths = dispatch_.paths();
  return std::any_of(paths.begin(), paths.end(), [&](const auto& other) {
    return other.get() != this && other->closed_until(now) <= now && !other->limits_paused(now);
  });
}

void Path::back_off(const std::string& why) {
  const auto now = worker_.now();
  if (now < back_off_until_) return;
  const auto& options = worker_.shared().options;
  const auto step = options.back_off_first * (1ull << std::min(failures_, 16U));
  const auto wait = std::min<std::chrono::milliseconds>(step, options.back_off_max);
  ++failures_;
  log::info("path_backs_off", {{"source", source_options().name},
                               {"site", dispatch_.site().key},
                               {"for_ms", wait.count()},
                               {"why", why}});
  hold(now + wait, why);
}

void Path::hold(Instant until, const std::string& why) {
  const auto now = worker_.now();
  if (until <= back_off_until_) return;
  if (back_off_until_ <= now) back_off_since_ = now;
  back_off_until_ = until;
  back_off_why_ = why;
  meter_.backs_off(why, now);
  if (until - now > kReleaseAfter) release_ready();
  worker_.timers().at(back_off_until_, [&worker = worker_, path = id] {
    if (auto* self = worker.find_path(path)) {
      if (worker.now() < self->back_off_until_) return;  // held again, for longer
      self->meter_.goes_on(worker.now());
      self->wake_idle();
      self->dispatch_.pump();
    }
  });
  dispatch_.give_back_if_far(now);
}

void Path::park(const throttle::Denial& denial, Instant now) {
  const auto parked = denial.limit->park(*this, now, denial.need);
  if (parked.arm) worker_.arm(limits_, denial.limit, *parked.arm);
  parked_ = parked.parked;
  if (parked_) waits_.begin(WaitReason::path_rate, now);
}

void Path::wake() {
  worker_.post([&worker = worker_, path = id] {
    if (auto* self = worker.find_path(path)) self->on_wake();
  });
}

void Path::Opening::wake() {
  path_.worker_.post([&worker = path_.worker_, path = path_.id] {
    if (auto* self = worker.find_path(path)) self->pump();
  });
}

void Path::pump() {
  turn_failed_ = false;
  dispatch_.pump();
}

void Path::on_wake() {
  parked_ = false;
  waits_.end(meter_.site(), worker_.now());
  satisfied();
  dispatch_.pump();
}

void Path::begin_stop() {
  release_ready();
  for (const auto& connection : connections_) {
    if (connection->idle) connection->transport->wake();
  }
}

PathStats Path::stats() const {
  PathStats out;
  out.source = source_options().name;
  out.connections = open_;
  out.connecting = connecting_;
  out.leased = ready_.size() + leasing_;
  out.attempts = attempts_;
  out.delivered = delivered_;
  const auto now = worker_.now();
  if (now < standing_.until) {
    out.waits_for = "source " + out.source + " is suspended";
    out.until = standing_.until;
  } else if (warmup_ != nullptr && now < warmup_->closed_until(now)) {
    out.waits_for = "warm-up of source " + out.source + ": today's quota is used";
    out.until = warmup_->closed_until(now);
  } else if (now < back_off_until_) {
    out.waits_for = "back-off: " + back_off_why_;
    out.until = back_off_until_;
  } else if (parked_ && parked_on() != nullptr) {
    out.waits_for = parked_on()->name();
    out.until = parked_on()->next_wake().value_or(Instant{});
  } else if (open_ == 0 && opening_.parked_on() != nullptr) {
    out.waits_for = opening_.parked_on()->name();
    out.until = opening_.parked_on()->next_wake().value_or(Instant{});
  }
  return out;
}

}  // namespace sluice::delivery
