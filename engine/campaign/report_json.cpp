#include "engine/campaign/report_json.hpp"

#include <fmt/format.h>

#include <string_view>

#include "engine/campaign/safe_text.hpp"

namespace sluice::campaign {
namespace {

/// Writes members and items in order, with the commas between them.
class Json {
 public:
  void text(std::string_view key, std::string_view value) {
    begin(key);
    append_json_string(out_, value);
  }
  void number(std::string_view key, std::uint64_t value) {
    begin(key);
    out_ += std::to_string(value);
  }
  void boolean(std::string_view key, bool value) {
    begin(key);
    out_ += value ? "true" : "false";
  }
  void time(std::string_view key, std::optional<Instant> value) {
    begin(key);
    out_ += value ? '"' + to_rfc3339(*value) + '"' : std::string("null");
  }
  void open(std::string_view key, char bracket) {
    begin(key);
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void begin(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    if (key.empty()) return;
    append_json_string(out_, key);
    out_ += ':';
  }

  std::string out_;
  bool first_ = true;
};

void counts(Json& json, const ReportCounts& counts) {
  json.open("counts", '{');
  json.number("read", counts.read);
  json.number("rejected", counts.rejected);
  json.number("injected", counts.injected);
  json.number("delivered", counts.delivered);
  json.number("bounced", counts.bounced);
  json.number("expired", counts.expired);
  json.number("suppressed", counts.suppressed);
  json.number("cancelled", counts.cancelled);
  json.number("queued", counts.queued);
  json.number("deferrals", counts.deferrals);
  json.number("in_doubt", counts.in_doubt);
  json.number("returned", counts.returned);
  json.number("complaints", counts.complaints);
  json.number("unsubscribed", counts.unsubscribed);
  json.boolean("balanced", counts.balanced());
  json.close('}');
}

void providers(Json& json, const std::vector<ReportProvider>& providers) {
  json.open("providers", '[');
  for (const auto& provider : providers) {
    json.open("", '{');
    json.text("name", provider.name);
    json.number("delivered", provider.delivered);
    json.number("bounced", provider.bounced);
    json.number("deferrals", provider.deferrals);
    json.number("queued", provider.queued);
    json.number("median_queued_ms", provider.median_queued_ms);
    json.number("p95_queued_ms", provider.p95_queued_ms);
    json.number("expired", provider.expired);
    json.number("in_doubt", provider.in_doubt);
    json.number("returned", provider.returned);
    json.number("complaints", provider.complaints);
    json.number("unsubscribed", provider.unsubscribed);
    json.close('}');
  }
  json.close(']');
}

void classes(Json& json, const std::vector<ReportClass>& classes) {
  json.open("bounce_classes", '[');
  for (const auto& one : classes) {
    json.open("", '{');
    json.text("class", one.kind == "deferred" ? one.name + " (deferred)" : one.name);
    json.text("kind", one.kind);
    json.number("count", one.count);
    json.number("different_replies", one.replies);
    json.number("not_told_apart", one.uncounted);
    json.open("samples", '[');
    for (const auto& sample : one.samples) {
      json.open("", '{');
      json.text("provider", sample.provider);
      json.text("reply", sample.text);
      json.number("count", sample.count);
      json.close('}');
    }
    json.close(']');
    json.close('}');
  }
  json.close(']');
}

void domains(Json& json, const CampaignReport& report) {
  json.open("domains", '{');
  json.number("seen", report.domains_seen);
  json.number("finals_beyond", report.domains_beyond);
  json.open("worst", '[');
  for (const auto& domain : report.domains) {
    json.open("", '{');
    json.text("domain", domain.name);
    json.text("provider", domain.provider);
    json.number("delivered", domain.delivered);
    json.number("bounced", domain.bounced);
    json.number("expired", domain.expired);
    json.number("deferrals", domain.deferrals);
    json.number("returned", domain.returned);
    json.number("complaints", domain.complaints);
    json.close('}');
  }
  json.close(']');
  json.close('}');
}

void throttles(Json& json, const CampaignReport& report) {
  json.open("throttles", '[');
  for (const auto& throttle : report.throttles) {
    json.open("", '{');
    json.text("path", throttle.path);
    json.text("why", throttle.why);
    json.time("from", throttle.from);
    json.time("until", throttle.until);
    json.text("kind", throttle.kind);
    json.text("effect", throttle.effect);
    json.text("last_effect", throttle.last_effect);
    json.number("changes", throttle.changes);
    json.close('}');
  }
  json.close(']');
  json.number("throttles_beyond", report.throttles_beyond);
}

void the_rest(Json& json, const CampaignReport& report) {
  json.open("suppressed_by", '{');
  for (const auto& reason : report.suppressed_by) json.number(reason.name, reason.count);
  json.close('}');
  json.open("over_time", '[');
  for (const auto& bucket : report.buckets) {
    json.open("", '{');
    json.time("start", bucket.start);
    json.number("delivered", bucket.delivered);
    json.number("bounced", bucket.bounced);
    json.number("deferred", bucket.deferred);
    json.number("expired", bucket.expired);
    json.number("in_doubt", bucket.in_doubt);
    json.close('}');
  }
  json.close(']');
  json.open("after", '[');
  for (const auto& bucket : report.after) {
    json.open("", '{');
    json.time("start", bucket.start);
    json.number("returned", bucket.returned);
    json.number("complaints", bucket.complaints);
    json.number("unsubscribed", bucket.unsubscribed);
    json.close('}');
  }
  json.close(']');
  json.open("missing", '{');
  json.number("finals", report.missing.finals);
  json.number("attempts", report.missing.attempts);
  json.close('}');
}

}  // namespace

std::string report_json(const CampaignReport& report) {
  Json json;
  json.open("", '{');
  json.number("v", 1);
  json.text("campaign", report.id);
  json.text("tenant", report.tenant);
  json.text("subject", report.subject);
  json.text("from", report.from);
  json.text("state", report.state);
  json.text("state_reason", report.state_reason);
  json.time("accepted", report.accepted);
  json.time("first_attempt", report.first_attempt);
  json.time("finished", report.finished);
  json.time("made", report.made);
  counts(json, report.counts);
  providers(json, report.providers);
  classes(json, report.classes);
  the_rest(json, report);
  throttles(json, report);
  domains(json, report);
  json.close('}');
  return json.take() + '\n';
}

}  // namespace sluice::campaign
