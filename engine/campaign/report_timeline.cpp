#include "engine/campaign/report_timeline.hpp"

#include <algorithm>
#include <tuple>

namespace sluice::campaign {
namespace {

constexpr std::size_t kTextBytes = 1000;

std::string path_of(const ReportEvent& event) {
  std::string to(event.domain);
  if (to.empty()) to = event.site;
  if (to.empty()) to = event.provider;
  if (to.empty()) to = event.mx;
  if (event.source.empty()) return to.empty() ? "everywhere" : to;
  return std::string(event.source) + " > " + (to.empty() ? "everywhere" : to);
}

/// The value of "NAME=" in "source=a, provider=google"; "" when it is not there.
std::string_view value_in(std::string_view match, std::string_view name) {
  while (!match.empty()) {
    const auto part = match.substr(0, match.find(", "));
    if (part.starts_with(name) && part.substr(name.size()).starts_with('='))
      return part.substr(name.size() + 1);
    match.remove_prefix(std::min(match.size(), part.size() + 2));
  }
  return {};
}

}  // namespace

OverrideText override_text(std::string_view detail) {
  OverrideText out;
  const auto colon = detail.find(": ");
  if (colon == std::string_view::npos) return out;
  out.id = detail.substr(0, colon);
  detail.remove_prefix(colon + 2);
  const auto by = detail.find(", by ");
  const auto what = detail.substr(0, by);
  const auto match = what.find(" for ");
  out.effect = what.substr(0, match);
  if (match != std::string_view::npos) out.match = what.substr(match + 5);
  if (by == std::string_view::npos) return out;
  detail.remove_prefix(by + 5);
  const auto cause = detail.find(": ");
  out.cause = cause == std::string_view::npos ? detail : detail.substr(cause + 2);
  return out;
}

void ReportTimeline::add(const ReportEvent& event) {
  if (event.kind == "campaign") return add_state(event);
  if (event.kind == "warmup") return add_moment(event, "warmup");
  if (event.kind == "alert") return add_moment(event, "alert");
  if (event.kind == "backoff" && event.label == "tls") return add_moment(event, "backoff");
  if (event.kind == "suspended" && (event.label == "suspended" || event.label == "resumed")) {
    return add_suspension(event);
  }
  if (event.kind == "backoff" || event.kind == "suspended") add_override(event);
}

/// A rule meant for another tenant or campaign held nothing of ours.
bool ReportTimeline::is_for_others(std::string_view match) const {
  const auto names_another = [match](std::string_view name, const std::string& ours) {
    const auto value = value_in(match, name);
    return !value.empty() && value != "*" && value != ours;
  };
  return names_another("stream", campaign_) || names_another("tenant", tenant_);
}

void ReportTimeline::add_override(const ReportEvent& event) {
  const auto text = override_text(event.detail);
  if (is_for_others(text.match)) return;
  const auto key = "override " + std::string(text.id);
  if (event.label != "set") return end(key, event.time);
  const auto open = open_.find(key);
  if (open != open_.end()) {
    auto& entry = entries_[open->second];
    entry.due = event.due;
    if (entry.shown.last_effect == text.effect) return;
    entry.shown.last_effect = text.effect.substr(0, kTextBytes);
    ++entry.shown.changes;
    return;
  }
  auto* entry = begin(key, event);
  if (entry == nullptr) return;
  entry->shown.kind = event.kind;
  entry->shown.effect = entry->shown.last_effect = text.effect.substr(0, kTextBytes);
  entry->shown.why = text.cause.substr(0, kTextBytes);
}

void ReportTimeline::add_suspension(const ReportEvent& event) {
  auto key = "source " + std::string(event.source);
  key.append(1, '\0').append(event.provider);
  if (event.label == "resumed") return end(key, event.time);
  if (open_.contains(key)) return;
  if (auto* entry = begin(key, event); entry != nullptr) entry->shown.kind = "suspended";
}

void ReportTimeline::add_state(const ReportEvent& event) {
  if (event.label != "paused") return end("campaign", event.time);
  if (open_.contains("campaign")) return;
  auto* entry = begin("campaign", event);
  if (entry == nullptr) return;
  entry->own = true;
  entry->shown.kind = "paused";
  entry->shown.path = "the campaign";
}

void ReportTimeline::add_moment(const ReportEvent& event, std::string kind) {
  auto* entry = begin({}, event);
  if (entry == nullptr) return;
  entry->shown.kind = std::move(kind);
  entry->shown.until = std::max(event.due.value_or(event.time), event.time);
}

ReportTimeline::Entry* ReportTimeline::begin(const std::string& key, const ReportEvent& event) {
  if (entries_.size() >= max_entries_) {
    ++beyond_;
    return nullptr;
  }
  if (!key.empty()) open_[key] = entries_.size();
  auto& entry = entries_.emplace_back();
  entry.shown.path = path_of(event).substr(0, kTextBytes);
  entry.shown.why = event.detail.substr(0, kTextBytes);
  entry.shown.from = event.time;
  entry.source = event.source;
  entry.provider = event.provider;
  entry.site = event.site;
  entry.domain = event.domain;
  entry.due = event.due;
  return &entry;
}

void ReportTimeline::end(const std::string& key, Instant at) {
  const auto open = open_.find(key);
  if (open == open_.end()) return;
  auto& shown = entries_[open->second].shown;
  shown.until = std::max(at, shown.from);
  open_.erase(open);
}

std::vector<ReportThrottle> ReportTimeline::finish(const Used& used, Instant from, Instant to,
                                                   Instant now) const {
  std::vector<ReportThrottle> out;
  for (const auto& entry : entries_) {
    auto shown = entry.shown;
    if (!shown.until && entry.due && *entry.due <= now) shown.until = *entry.due;
    const bool overlaps = shown.from <= to && (!shown.until || *shown.until >= from);
    const bool ours = (entry.source.empty() || used.source(entry.source)) &&
                      (entry.provider.empty() || used.provider(entry.provider)) &&
                      (entry.site.empty() || used.site(entry.site)) &&
                      (entry.domain.empty() || used.domain(entry.domain));
    if (entry.own || (overlaps && ours)) out.push_back(std::move(shown));
  }
  std::ranges::sort(out, [](const ReportThrottle& a, const ReportThrottle& b) {
    return std::tie(a.from, a.path, a.why) < std::tie(b.from, b.path, b.why);
  });
  return out;
}

}  // namespace sluice::campaign
