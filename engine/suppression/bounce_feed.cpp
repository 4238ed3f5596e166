#include "engine/suppression/bounce_feed.hpp"

#include <algorithm>

#include "engine/base/log.hpp"
#include "queue/outbox.hpp"

namespace sluice::suppression {
namespace {

using queue::EventKind;

bool among(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Reason reason_for(std::string_view event_class) {
  return event_class == "inactive" ? Reason::inactive : Reason::invalid_recipient;
}

}  // namespace

Expected<std::size_t> BounceFeed::step(std::uint64_t exported) {
  const auto from = book_.cursor();
  if (exported <= from) return 0;
  Changes changes;
  auto seq = from;
  std::size_t events = 0;
  // Numbers may have been skipped, by a restore: then the next there is counts.
  queue::OutboxReader outbox(queue_.database(), from + 1, exported);
  for (; outbox.valid() && events < book_.options().page_events; outbox.next(), ++events) {
    seq = outbox.seq();
    const auto event = queue::Event::decode(outbox.event());
    if (event && book_.options().automatic) take(*event, changes);
  }
  if (auto status = outbox.status(); !status) return std::unexpected(status.error());
  if (!outbox.valid()) seq = exported;
  changes.cursor = seq;
  auto report = book_.commit(std::move(changes));
  if (!report) return std::unexpected(report.error());
  if (!report->why.empty())
    log::warn("suppression_refused", {{"addresses", report->subjects.size()}, {"reason", report->why}});
  return std::max<std::size_t>(events, 1);
}

void BounceFeed::take(const queue::Event& event, Changes& changes) const {
  const bool bounce = event.kind == EventKind::bounced || event.kind == EventKind::returned;
  const bool soft =
      event.kind == EventKind::deferred && among(book_.options().soft_classes, event.event_class);
  if (event.recipient.empty()) return;
  if (!bounce && !soft && event.kind != EventKind::complaint && event.kind != EventKind::delivered) return;
  const auto stream = queue_.streams().find(event.stream);
  if (!stream) return;
  const auto& tenant = stream->settings.tenant;
  // A bounce that came by mail is hearsay: it says nothing of a whole domain, and a mailbox that is switched
  // off counts as soft.
  const bool returned = event.kind == EventKind::returned;
  const bool soft_return = returned && event.event_class == "inactive";
  if (bounce && !soft_return && !among(book_.options().soft_classes, event.event_class))
    return take_bounce(event, tenant, changes);
  auto subject = Subject::parse(event.recipient);
  if (!subject) return;
  if (event.kind == EventKind::complaint) {
    Entry entry{Scope::tenant, Reason::complaint, tenant, {}, "complaint", {}, event.time_ms, 0};
    changes.add.push_back({std::move(*subject), std::move(entry)});
    return;
  }
  const bool delivered = event.kind == EventKind::delivered;
  // Those of this page are not in the book yet.
  const bool soft_here = !changes.soft.empty();
  if (delivered && !soft_here && !book_.has_soft_bounces(tenant, subject->key)) return;
  changes.soft.push_back({std::move(*subject), tenant, event.time_ms, delivered, returned});
}

void BounceFeed::take_bounce(const queue::Event& event, const std::string& tenant, Changes& changes) const {
  const auto& options = book_.options();
  const bool bad_domain = among(options.domain_classes, event.event_class);
  const bool domain = bad_domain && event.kind != EventKind::returned;
  if (!bad_domain && !among(options.address_classes, event.event_class)) return;
  auto subject = Subject::parse(domain ? domain_key(event.recipient) : event.recipient);
  if (!subject) return;
  Entry entry;
  entry.scope = options.bounce_scope;
  entry.reason = domain ? Reason::invalid_domain : reason_for(event.event_class);
  if (entry.scope != Scope::global) entry.tenant = tenant;
  entry.source = event.kind == EventKind::returned ? "returned" : "bounce";
  entry.time_ms = event.time_ms;
  if (domain) entry.expires_ms = event.time_ms + std::chrono::milliseconds(options.domain_keep).count();
  changes.add.push_back({std::move(*subject), std::move(entry)});
}

}  // namespace sluice::suppression
