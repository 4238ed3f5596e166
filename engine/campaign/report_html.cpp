#include "engine/campaign/report_html.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/campaign/report_chart.hpp"
#include "engine/campaign/report_style.hpp"
#include "engine/campaign/safe_text.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kMostProviders = 30;
constexpr std::size_t kMostClasses = 30;
constexpr std::size_t kMostSamples = 5;
constexpr std::size_t kMostThrottles = 30;
constexpr std::size_t kReplyBytes = 500;

/// Untrusted text; <bdi> keeps right-to-left text from turning what stands beside it.
std::string foreign(std::string_view text, std::size_t limit = 300) {
  return "<bdi>" + html_text(text, limit) + "</bdi>";
}

std::string time_text(Instant at) {
  const auto text = to_rfc3339(at);
  return text.substr(0, 10) + ' ' + text.substr(11, 8) + " UTC";
}

std::string head(const CampaignReport& report) {
  // The state chooses a colour only if it is one of ours; as text it is escaped like the rest.
  std::string css;
  for (const char* known : {"done", "failed", "cancelled", "running"}) {
    if (report.state == known) css = known;
  }
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" "
      "content=\"noindex\">"
      "<meta name=\"referrer\" content=\"no-referrer\"><title>{0} – campaign "
      "report</title><style>{1}</style></head>\n"
      "<body><main><header><h1>{2}<span class=\"state {3}\">{4}</span></h1>",
      html_text(report.id), kReportStyle, foreign(report.id), css, html_text(report.state, 40));
  if (!report.subject.empty()) out += "<p>" + foreign(report.subject) + "</p>";
  out += fmt::format("<p>from {} · tenant {}</p>", foreign(report.from), foreign(report.tenant));
  out += "<p>Accepted " + time_text(report.accepted);
  if (report.finished) {
    out += fmt::format(", finished {} after {}", time_text(*report.finished),
                       duration_text(*report.finished - report.accepted));
  }
  out += "</p>";
  if (!report.state_reason.empty()) out += "<p class=\"alarm\">" + foreign(report.state_reason) + "</p>";
  return out + "</header>\n";
}

std::string tile(std::string_view name, const std::string& value) {
  return fmt::format("<div class=\"tile\"><span>{}</span><b>{}</b></div>", name, value);
}

/// Deliveries over the time from the first attempt to the end, or to the last bucket while it still runs.
std::string speed(const CampaignReport& report) {
  if (!report.first_attempt || report.buckets.empty()) return "–";
  const Instant end = report.finished ? *report.finished : report.buckets.back().start;
  const double seconds = static_cast<double>((end - *report.first_attempt).count()) / 1e6;
  if (seconds < 1) return "–";
  const double rate = static_cast<double>(report.counts.delivered) / seconds;
  return rate >= 10 ? grouped(static_cast<std::uint64_t>(rate)) + "/s" : fmt::format("{:.1f}/s", rate);
}

std::string overview(const CampaignReport& report) {
  const auto& c = report.counts;
  std::string out = "<div class=\"tiles\">" + tile("Recipients", grouped(c.injected)) +
                    tile("Delivered", percent(c.delivered, c.injected)) +
                    tile("Bounced", percent(c.bounced, c.injected)) + tile("Average speed", speed(report)) +
                    "</div>\n";
  out += "<section><h2>Outcome</h2>" + share_bar({{"Delivered", "ok", c.delivered},
                                                  {"Bounced", "bad", c.bounced},
                                                  {"Expired", "gone", c.expired},
                                                  {"Suppressed", "held", c.suppressed},
                                                  {"Cancelled", "wait", c.cancelled},
                                                  {"Still queued", "queue", c.queued}});
  out += "<ul class=\"legend\">";
  const auto item = [&](std::string_view name, std::uint64_t count) {
    if (count != 0) out += fmt::format("<li><span>{}</span> <b>{}</b></li>", name, grouped(count));
  };
  item("Rows read", c.read);
  item("Rows rejected", c.rejected);
  item("Attempts put off", c.deferrals);
  item("In doubt", c.in_doubt);
  item("Returned later", c.returned);
  item("Complaints", c.complaints);
  item("Unsubscribed", c.unsubscribed);
  for (const auto& reason : report.suppressed_by)
    item("Suppressed: " + foreign(reason.name, 60), reason.count);
  out += "</ul>";
  if (!c.balanced()) {
    out +=
        "<p class=\"alarm\">These numbers do not add up: read must be injected + rejected, and injected the "
        "sum of "
        "all outcomes. Please report this as a fault of sluice.</p>";
  }
  return out + "</section>\n";
}

std::string providers(const std::vector<ReportProvider>& providers) {
  if (providers.empty()) return "";
  std::string out =
      "<section><h2>By provider</h2><div "
      "class=\"scroll\"><table><thead><tr><th>Provider</th><th>Delivered</th>"
      "<th>Bounced</th><th>Put off</th><th class=\"wide\">Queued</th><th class=\"wide\">Median time</th>"
      "<th class=\"wide\">95 % within</th><th class=\"wide\"></th></tr></thead><tbody>";
  for (std::size_t i = 0; i < std::min(providers.size(), kMostProviders); ++i) {
    const auto& p = providers[i];
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"wide\">{}</td><td class=\"wide\">{}</td>"
        "<td class=\"wide\">{}</td><td class=\"wide\">{}</td></tr>",
        foreign(p.name, 80), grouped(p.delivered), grouped(p.bounced), grouped(p.deferrals),
        grouped(p.queued), duration_text(std::chrono::milliseconds(p.median_queued_ms)),
        duration_text(std::chrono::milliseconds(p.p95_queued_ms)),
        cell_bar(p.delivered, p.bounced, p.delivered + p.bounced + p.queued));
  }
  out += "</tbody></table></div>";
  if (providers.size() > kMostProviders) {
    out +=
        fmt::format("<p class=\"quiet\">and {} more in report.json</p>", providers.size() - kMostProviders);
  }
  return out + "</section>\n";
}

std::string classes(const CampaignReport& report) {
  if (report.classes.empty()) return "";
  std::string out = "<section><h2>Why mail bounced or was put off</h2>";
  for (std::size_t i = 0; i < std::min(report.classes.size(), kMostClasses); ++i) {
    const auto& one = report.classes[i];
    out += fmt::format("<div class=\"kind\"><div>{}</div><span>{} · {}</span></div>", foreign(one.name, 80),
                       grouped(one.count), percent(one.count, report.counts.injected));
    for (std::size_t s = 0; s < std::min(one.samples.size(), kMostSamples); ++s) {
      const auto& sample = one.samples[s];
      out +=
          fmt::format("<div class=\"reply\"><code>{}</code><small>{}, {} times</small></div>",
                      foreign(sample.text, kReplyBytes), foreign(sample.provider, 80), grouped(sample.count));
    }
  }
  return out + "</section>\n";
}

std::string throttles(const std::vector<ReportThrottle>& throttles) {
  if (throttles.empty()) return "";
  std::string out = "<section><h2>What held it back</h2>";
  for (std::size_t i = 0; i < std::min(throttles.size(), kMostThrottles); ++i) {
    const auto& one = throttles[i];
    out += fmt::format("<div class=\"note\">{}<small>{} · from {}{}</small></div>", foreign(one.why),
                       foreign(one.path, 120), time_text(one.from),
                       one.until ? ", for " + duration_text(*one.until - one.from) : std::string(", still"));
  }
  if (throttles.size() > kMostThrottles) {
    out +=
        fmt::format("<p class=\"quiet\">and {} more in report.json</p>", throttles.size() - kMostThrottles);
  }
  return out + "</section>\n";
}

}  // namespace

std::string report_html(const CampaignReport& report) {
  std::string out = head(report) + overview(report);
  out += "<section><h2>Attempts over time</h2>" + time_chart(report.buckets) + "</section>\n";
  out += providers(report.providers) + classes(report) + throttles(report.throttles);
  out +=
      "<footer>Every recipient: recipients.jsonl. Rows that name none: rejected.jsonl. The same numbers for "
      "programs: report.json.</footer></main></body></html>\n";
  return out;
}

}  // namespace sluice::campaign
