#include "engine/campaign/report_html.hpp"

#include <fmt/format.h>

#include "engine/base/html_text.hpp"
#include "engine/campaign/report_chart.hpp"
#include "engine/campaign/report_sections.hpp"
#include "engine/campaign/report_style.hpp"
#include "engine/campaign/report_table.hpp"

namespace sluice::campaign {
namespace {

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

/// The accounts are exact; what is made from the event files may lack something, and says so.
std::string missing_note(const ReportMissing& missing) {
  if (missing.finals + missing.attempts == 0) return "";
  return fmt::format(
      "<p class=\"note\">The event files lack {} outcomes and {} attempts put off: removed by [events] keep, "
      "or "
      "not written yet. The sections below are made without them; the numbers above are exact.</p>",
      grouped(missing.finals), grouped(missing.attempts));
}

std::string overview(const CampaignReport& report) {
  const auto& c = report.counts;
  std::string out = "<div class=\"tiles\">" + tile("Recipients", grouped(c.injected)) +
                    tile("Delivered", share_text(c.delivered, c.injected)) +
                    tile("Bounced", share_text(c.bounced, c.injected)) +
                    tile("Average speed", speed(report)) + "</div>\n";
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
  item("Bounced by mail later", c.returned);
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
  return out + missing_note(report.missing) + "</section>\n";
}

}  // namespace

std::string report_html(const CampaignReport& report) {
  std::string out = head(report) + overview(report) + time_section(report) + provider_section(report) +
                    domain_section(report) + reply_sections(report) + after_section(report);
  out += fmt::format(
      "<footer>Made {}. Every recipient: recipients.jsonl. Rows that name none: rejected.jsonl. The same "
      "numbers "
      "for programs: report.json. With what came back since: sluice campaign report.</footer>"
      "</main></body></html>\n",
      time_text(report.made));
  return out;
}

}  // namespace sluice::campaign
