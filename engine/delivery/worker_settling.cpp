// How attempts and waiting mail end: outcomes become settlements, gathered for one commit a turn of the loop.
#include <algorithm>

#include "engine/base/log.hpp"
#include "engine/delivery/worker.hpp"

namespace sluice::delivery {
namespace {

/// For whoever looks closely for a while (`sluice log level debug`).
void tell(const queue::Event& event) {
  if (!log::enabled(log::Level::debug)) return;
  log::write(log::Level::debug, "attempt",
             {{"result", queue::name_of(event.kind)},
              {"class", event.event_class},
              {"recipient", event.recipient},
              {"site", event.site},
              {"source", event.source},
              {"stage", event.stage},
              {"code", event.reply_code},
              {"text", event.reply_code != 0 ? event.reply_text : event.detail}});
}

}  // namespace

void Worker::settle(queue::Held held, const Outcome& outcome, const Ending& ending, queue::Event event,
                    const Path* path) {
  const auto& record = held.record();
  const auto at = now();
  grants_.give_back(held, at);
  const auto source = path != nullptr ? path->mark : std::uint16_t{0};
  const auto wait = greylist_wait(record, outcome, path, at);
  const auto next =
      next_step(shared_.options.retry, *held.stream, record, outcome, source, at, random_, wait);
  queue::Settlement out;
  out.kind = next.kind;
  out.trail = next.trail;
  out.due = next.due;
  out.time_ms = to_ms(at);
  const bool delivered = outcome.kind == queue::EventKind::delivered && !ending.reports_passed;
  out.owing = next.kind == queue::EventKind::deferred ? waits_long(record, at) : delivered;
  event.kind = next.kind;
  event.time_ms = out.time_ms;
  event.stream = held.stream->id;
  event.id = record.id(shared_.queue.options().node);
  const auto recipient = record.address();
  event.recipient = recipient;
  event.domain = record.key.domain;
  event.stage = ending.stage;
  std::string enhanced;
  if (ending.reply != nullptr) {
    event.reply_code = ending.reply->code;
    enhanced = ending.reply->enhanced.text();
    event.reply_enhanced = enhanced;
    event.reply_text = ending.reply->text;
  } else {
    event.detail = outcome.text;
  }
  if (event.event_class.empty())
    event.event_class =
        next.kind == queue::EventKind::expired ? "expired" : feedback::name_of(outcome.bounce_class);
  event.attempts = next.trail.attempts;
  event.queued_ms = out.time_ms - record.value.accepted_ms;
  if (next.due != 0) event.due_ms = to_ms(queue::to_instant(next.due));
  if (path != nullptr) {
    event.source = path->source_options().name;
    if (const auto site = sites_.find(path->site_key()); site != sites_.end()) {
      event.site = site->second->key;
      event.provider = site->second->provider;
    }
  }
  std::string meta;
  if (auto content = shared_.contents.get(*held.stream)) meta = (*content)->meta(record);
  event.meta = meta;
  if (outcome.kind == queue::EventKind::in_doubt && next.kind == queue::EventKind::delivered) {
    event.kind = queue::EventKind::in_doubt;
    event.append_to(out.doubt);
    event.kind = next.kind;
    event.event_class = "assumed";
  }
  event.append_to(out.event);
  tell(event);
  out.held = std::move(held);
  if (path != nullptr && out.held.block != 0) {
    if (settled_paths_.empty() || settled_paths_.back().first != path->id)
      settled_paths_.emplace_back(path->id, 0);
    ++settled_paths_.back().second;
  }
  settlements_.push_back(std::move(out));
  flush_later();
}

/// How long the site has such mail wait, as far as it is known; a delivery teaches it.
std::optional<std::chrono::milliseconds> Worker::greylist_wait(const queue::Record& record,
                                                               const Outcome& outcome, const Path* path,
                                                               Instant at) {
  if (path == nullptr) return std::nullopt;
  auto& greylist = watch_.greylist();
  const auto refusals = static_cast<unsigned>(record.value.trail.attempts);
  if (outcome.kind == queue::EventKind::delivered && record.value.trail.greylisted)
    greylist.passed(path->site_key(), refusals, at);
  if (outcome.bounce_class != feedback::BounceClass::greylist) return std::nullopt;
  return greylist.wait(path->site_key(), refusals + 1, at);
}

/// Long enough for a sender to be told that it still waits.
bool Worker::waits_long(const queue::Record& record, Instant at) const {
  const auto after = shared_.options.delay_report;
  return after.count() > 0 && at - from_ms(record.value.accepted_ms) >= after;
}

void Worker::flush_later() {
  if (flush_posted_) return;
  flush_posted_ = true;
  loop_.post([this] { flush_settlements(); });
}

void Worker::postpone(queue::Held held, Instant until) {
  const auto end = from_ms(held.stream->expires_ms(held.record().value.accepted_ms));
  postponed_.emplace_back(std::move(held), queue::to_due_second(std::min<Instant>(until, end)));
  flush_later();
}

bool Worker::may_send(const queue::Stream& stream, std::string_view domain, std::string_view provider,
                      Instant at) const {
  return stream.may_send(at) && !shared_.queue.orders().holds_mail(domain, provider);
}

void Worker::expire(queue::Held held) {
  const Outcome outcome{queue::EventKind::expired, feedback::BounceClass::expired, PathAction::none,
                        "not delivered within its time"};
  Ending ending;
  ending.stage = "queue";
  settle(std::move(held), outcome, ending, {}, nullptr);
}

void Worker::tell_broken_tls(const std::string& host, const std::string& site, const std::string& provider,
                             Instant until) {
  const auto detail = "STARTTLS of " + host + " breaks: plain text until " + to_rfc3339(until);
  queue::Event event;
  event.kind = queue::EventKind::backoff;
  event.time_ms = to_ms(now());
  event.mx = host;
  event.site = site;
  event.provider = provider;
  event.stage = "starttls";
  event.event_class = "tls";
  event.detail = detail;
  event.due_ms = to_ms(until);
  std::string encoded;
  event.append_to(encoded);
  shared_.queue.record_event(std::move(encoded));
  log::warn("starttls_broken", {{"host", host}, {"until", to_rfc3339(until)}});
}

void Worker::suppress(queue::Held held, const suppression::Verdict& verdict, const Path& path) {
  const Outcome outcome{queue::EventKind::suppressed, feedback::BounceClass::none, PathAction::none, {}};
  Ending ending;
  ending.stage = "queue";
  queue::Event event;
  event.event_class = verdict.event_reason();
  settle(std::move(held), outcome, ending, event, &path);
}

void Worker::flush_settlements() {
  flush_posted_ = false;
  if (!postponed_.empty()) shared_.queue.postpone(std::exchange(postponed_, {}));
  if (settlements_.empty()) return;
  auto durable = [this, paths = std::exchange(settled_paths_, {})]() mutable {
    loop_.post([this, paths = std::move(paths)] {
      for (const auto& [path, records] : paths) lease_ended(path, records);
    });
  };
  shared_.queue.settle(std::exchange(settlements_, {}), std::move(durable));
}

}  // namespace sluice::delivery
