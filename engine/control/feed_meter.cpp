#include "engine/control/feed_meter.hpp"

#include "engine/control/enhanced_codes.hpp"
#include "metrics/catalog.hpp"

namespace sluice::control {
namespace {

using queue::Event;
using queue::EventKind;

std::string_view or_none(std::string_view text) { return text.empty() ? "none" : text; }
std::string_view provider_of(const Event& event) {
  return event.provider.empty() ? metrics::kOther : event.provider;
}

std::string_view reply_class(std::uint16_t code) {
  return code < 300 ? "2xx" : code < 400 ? "3xx" : code < 500 ? "4xx" : "5xx";
}

}  // namespace

FeedMeter::FeedMeter(metrics::Shard& shard)
    : shard_(shard), dropped_(shard.cell(metrics::kEventsDropped, {})) {}

void FeedMeter::on_event(std::uint64_t seq, const Event& event) {
  if (last_seq_ != 0 && seq != last_seq_ + 1) dropped_.add(static_cast<double>(seq - last_seq_ - 1));
  last_seq_ = seq;
  count(metrics::kEvents, {name_of(event.kind)});
  switch (event.kind) {
    case EventKind::injected:
      return accepted(event);
    case EventKind::delivered:
      return delivered(event);
    case EventKind::bounced:
      attempted(event, "bounced");
      return count(metrics::kBounced, {provider_of(event), or_none(event.event_class)});
    case EventKind::deferred:
      attempted(event, "deferred");
      return count(metrics::kDeferred, {provider_of(event), or_none(event.event_class)});
    case EventKind::in_doubt:
      attempted(event, "in_doubt");
      return count(metrics::kInDoubt, {provider_of(event)});
    case EventKind::expired:
      if (event.reply_code != 0)
        attempted(event, "deferred");  // the last attempt, and there was no time for another
      return count(metrics::kExpired, {provider_of(event)});
    case EventKind::suppressed:
      return count(metrics::kSuppressed, {or_none(event.event_class)});
    case EventKind::returned:
      return count(metrics::kReturned, {provider_of(event), or_none(event.event_class)});
    case EventKind::complaint:
      return count(metrics::kComplaints, {provider_of(event)});
    case EventKind::unsubscribed:
      return count(metrics::kUnsubscribes, {});
    default:
      return;
  }
}

/// A door names itself as the stage; a run of an expansion has none, and says how many rows it read.
void FeedMeter::accepted(const Event& event) {
  const auto n = event.count > 0 ? static_cast<double>(event.count) : 1;
  count(metrics::kAccepted, {event.stage.empty() ? "spool" : event.stage}, n);
}

void FeedMeter::attempted(const Event& event, std::string_view result) {
  count(metrics::kAttempts, {provider_of(event), or_none(event.source), result});
  if (event.reply_code == 0) return;
  count(metrics::kReplies,
        {provider_of(event), reply_class(event.reply_code), shown_code(event.reply_enhanced)});
}

void FeedMeter::delivered(const Event& event) {
  // Assumed after a doubt: the attempt was counted with its in_doubt event, a line before.
  if (event.event_class != "assumed") attempted(event, "delivered");
  count(metrics::kDelivered, {provider_of(event), or_none(event.event_class)});
  const std::string_view lane = event.attempts <= 1 ? "first" : "retry";
  const metrics::Values values{provider_of(event), lane};
  const auto& key = key_of(metrics::kTimeInQueue, values);
  auto found = times_.find(key);
  if (found == times_.end()) {
    if (times_.size() >= kMaxCached) times_.clear();
    found = times_.emplace(key, &shard_.histogram(metrics::kTimeInQueue, values)).first;
  }
  found->second->observe(static_cast<double>(event.queued_ms) / 1000);
}

const std::string& FeedMeter::key_of(const metrics::Family& family, metrics::Values values) {
  key_.assign(family.name);
  for (const auto value : values) key_.append(1, '\x1f').append(value);
  return key_;
}

void FeedMeter::count(const metrics::Family& family, metrics::Values values, double n) {
  const auto& key = key_of(family, values);
  auto found = cells_.find(key);
  if (found == cells_.end()) {
    if (cells_.size() >= kMaxCached) cells_.clear();
    found = cells_.emplace(key, &shard_.cell(family, values)).first;
  }
  found->second->add(n);
}

}  // namespace sluice::control
