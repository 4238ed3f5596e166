#include "engine/campaign/report_tally.hpp"

#include <algorithm>

namespace sluice::campaign {
namespace {

std::uint64_t step_of(std::uint64_t ms) {
  std::uint64_t step = 1;
  while (step < ms) step += std::max<std::uint64_t>(1, step / 20);
  return step;
}

ReportProvider finished(const ReportProvider& counted, const std::map<std::uint64_t, std::uint64_t>& waits) {
  auto out = counted;
  std::uint64_t seen = 0;
  for (const auto& [ms, count] : waits) {
    seen += count;
    if (out.median_queued_ms == 0 && seen * 2 >= out.delivered) out.median_queued_ms = ms;
    if (out.p95_queued_ms == 0 && seen * 100 >= out.delivered * 95) out.p95_queued_ms = ms;
  }
  return out;
}

std::uint64_t short_of(std::uint64_t exact, std::uint64_t seen) { return exact - std::min(exact, seen); }

ReportCounts counts_of(const queue::Counters& counters) {
  ReportCounts out;
  out.read = counters.injected + counters.rejected;
  out.rejected = counters.rejected;
  out.injected = counters.injected;
  out.delivered = counters.delivered;
  out.bounced = counters.bounced;
  out.expired = counters.expired;
  out.suppressed = counters.suppressed;
  out.cancelled = counters.cancelled;
  out.queued = counters.queued();
  out.deferrals = counters.deferrals;
  out.in_doubt = counters.doubts;
  return out;
}

}  // namespace

ReportTally::ReportTally(StreamId stream, std::string name, std::string tenant, const ReportOptions& options)
    : stream_(stream),
      options_(options),
      replies_(options.replies),
      domains_(options.max_domains),
      timeline_(options.max_throttles, std::move(name), std::move(tenant)) {}

void ReportTally::add(const ReportEvent& event) {
  if (event.stream != stream_) {
    if (event.stream == 0) timeline_.add(event);
    return;
  }
  if (event.kind == "campaign") {
    state_reason_ = event.detail;
    return timeline_.add(event);
  }
  if (event.kind == "suppressed" || event.kind == "cancelled") {
    ++(event.kind == "suppressed" ? seen_.suppressed : seen_.cancelled);
    const auto reason = event.kind == "suppressed" ? std::string(event.label) : std::string();
    if (!reason.empty()) ++suppressed_[reason];
    return domains_.add(event);
  }
  const bool attempt = event.is_final() || event.kind == "deferred" || event.kind == "in_doubt";
  if (attempt) return add_attempt(event);
  if (event.kind == "returned" || event.kind == "complaint" || event.kind == "unsubscribed") add_after(event);
}

void ReportTally::add_attempt(const ReportEvent& event) {
  auto& provider = provider_for(event);
  first_ = first_ ? std::min(*first_, event.time) : event.time;
  last_ = std::max(last_, event.time);
  remember(sources_, event.source);
  remember(sites_, event.site);
  domains_.add(event);
  if (event.kind == "delivered") {
    attempts_.add(event.time, kDelivered);
    ++seen_.delivered;
    ++provider.report.delivered;
    ++provider.waits[step_of(event.queued_ms)];
    return;
  }
  if (event.kind == "in_doubt") {
    attempts_.add(event.time, kInDoubt);
    ++seen_.doubts;
    ++provider.report.in_doubt;
    return;
  }
  replies_.add(event, provider.report.name);
  if (event.kind == "deferred") {
    attempts_.add(event.time, kDeferred);
    ++seen_.deferrals;
    ++provider.report.deferrals;
  } else if (event.kind == "bounced") {
    attempts_.add(event.time, kBounced);
    ++seen_.bounced;
    ++provider.report.bounced;
  } else {
    attempts_.add(event.time, kExpired);
    ++seen_.expired;
    ++provider.report.expired;
  }
}

/// An after-event names the domain and the source, seldom the provider: then it is the domain's.
void ReportTally::add_after(const ReportEvent& event) {
  auto about = event;
  const auto provider_of_domain = domains_.provider_of(event.domain);
  if (about.provider.empty()) about.provider = provider_of_domain;
  auto& provider = provider_for(about);
  domains_.add(about);
  if (event.kind == "returned") {
    after_.add(event.time, kReturned);
    ++came_.returned;
    ++provider.report.returned;
    replies_.add(event, provider.report.name);
  } else if (event.kind == "complaint") {
    after_.add(event.time, kComplaint);
    ++came_.complaints;
    ++provider.report.complaints;
  } else {
    after_.add(event.time, kUnsubscribed);
    ++came_.unsubscribed;
    ++provider.report.unsubscribed;
  }
}

ReportTally::Provider& ReportTally::provider_for(const ReportEvent& event) {
  std::string_view name = event.provider.empty() ? "other" : event.provider;
  auto found = providers_.find(name);
  if (found == providers_.end()) {
    if (providers_.size() >= options_.max_providers) name = "other";
    found = providers_.try_emplace(std::string(name)).first;
    found->second.report.name = name;
  }
  return found->second;
}

void ReportTally::remember(Names& names, std::string_view name) const {
  if (!name.empty() && !names.contains(name) && names.size() < options_.max_names) names.emplace(name);
}

ReportMissing ReportTally::missing(const queue::Counters& exact) const {
  ReportMissing out;
  out.finals = short_of(exact.delivered, seen_.delivered) + short_of(exact.bounced, seen_.bounced) +
               short_of(exact.expired, seen_.expired) + short_of(exact.suppressed, seen_.suppressed) +
               short_of(exact.cancelled, seen_.cancelled);
  out.attempts = short_of(exact.deferrals, seen_.deferrals) + short_of(exact.doubts, seen_.doubts);
  return out;
}

void ReportTally::add_series(CampaignReport& out) const {
  for (const auto& bucket : attempts_.buckets(options_.max_buckets)) {
    const auto& n = bucket.counts;
    out.buckets.push_back({bucket.start, n[kDelivered], n[kBounced], n[kDeferred], n[kExpired], n[kInDoubt]});
  }
  for (const auto& bucket : after_.buckets(options_.max_buckets)) {
    const auto& n = bucket.counts;
    out.after.push_back({bucket.start, n[kReturned], n[kComplaint], n[kUnsubscribed]});
  }
}

std::vector<ReportThrottle> ReportTally::held(Instant accepted, Instant now) const {
  const auto known = [](const auto& names) {
    return [&names](std::string_view name) { return names.contains(name); };
  };
  const ReportTimeline::Used used{known(sources_), known(providers_), known(sites_),
                                  [this](std::string_view name) { return domains_.knows(name); }};
  return timeline_.finish(used, accepted, std::max(last_, accepted), now);
}

CampaignReport ReportTally::finish(const queue::Counters& counters, Instant accepted, Instant now) {
  CampaignReport out;
  out.state_reason = state_reason_;
  out.accepted = accepted;
  out.made = now;
  out.counts = counts_of(counters);
  out.counts.returned = came_.returned;
  out.counts.complaints = came_.complaints;
  out.counts.unsubscribed = came_.unsubscribed;
  out.first_attempt = first_;
  if (first_) out.finished = last_;
  out.missing = missing(counters);
  add_series(out);
  for (const auto& [name, provider] : providers_)
    out.providers.push_back(finished(provider.report, provider.waits));
  const auto size = [](const ReportProvider& p) { return p.delivered + p.bounced + p.expired + p.deferrals; };
  std::ranges::sort(out.providers, [size](const ReportProvider& a, const ReportProvider& b) {
    return size(a) != size(b) ? size(a) > size(b) : a.name < b.name;
  });
  out.classes = replies_.finish();
  for (const auto& [name, count] : suppressed_) out.suppressed_by.push_back({name, count});
  out.domains = domains_.worst(options_.worst_domains);
  out.domains_seen = domains_.seen();
  out.domains_beyond = domains_.beyond();
  out.throttles = held(accepted, now);
  out.throttles_beyond = timeline_.beyond();
  return out;
}

}  // namespace sluice::campaign
