#include "engine/campaign/report_sections.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/campaign/report_chart.hpp"
#include "engine/campaign/report_table.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kMostProviders = 30;
constexpr std::size_t kMostDomains = 25;
constexpr std::size_t kMostClasses = 30;
constexpr std::size_t kMostSamples = 5;
constexpr std::size_t kMostThrottles = 40;
constexpr std::size_t kReplyBytes = 500;

std::string more(std::size_t all, std::size_t shown) {
  if (all <= shown) return "";
  return fmt::format("<p class=\"quiet more\">and {} more in report.json</p>", grouped(all - shown));
}

std::string section(std::string_view title, const std::string& inside) {
  return fmt::format("<section><h2>{}</h2>{}</section>\n", title, inside);
}

std::string attempts_chart(const std::vector<ReportBucket>& buckets) {
  std::vector<ChartColumn> columns;
  for (const auto& b : buckets)
    columns.push_back({b.start, {b.delivered, b.bounced, b.expired, b.deferred, b.in_doubt}});
  return time_chart(columns,
                    {{"Delivered", "ok"},
                     {"Bounced", "bad"},
                     {"Expired", "gone"},
                     {"Put off", "wait"},
                     {"In doubt", "held"}},
                    "Attempts over time", "No attempt was made.");
}

std::string_view colour_of(const ReportThrottle& throttle) {
  if (throttle.kind == "suspended" || throttle.kind == "alert") return "bad";
  if (throttle.kind == "paused") return "held";
  return throttle.kind == "warmup" ? "queue" : "wait";
}

std::string when(const ReportThrottle& throttle, Instant::duration span) {
  const auto from = time_label(throttle.from, span);
  if (!throttle.until) return "since " + from + " UTC, still";
  if (*throttle.until == throttle.from) return from + " UTC";
  return fmt::format("{} – {} UTC, {}", from, time_label(*throttle.until, span),
                     duration_text(*throttle.until - throttle.from));
}

std::string what(const ReportThrottle& throttle) {
  if (throttle.effect.empty() && throttle.kind == "paused") return "<b>paused</b>";
  if (throttle.effect.empty() && throttle.kind == "suspended") return "<b>suspended</b>";
  if (throttle.effect.empty()) return "";
  auto out = foreign(throttle.effect, 120);
  if (throttle.changes == 1) out += " → " + foreign(throttle.last_effect, 120);
  if (throttle.changes > 1) {
    out +=
        fmt::format(" → … → {} ({} changes)", foreign(throttle.last_effect, 120), grouped(throttle.changes));
  }
  return fmt::format("<b>{}</b>", out);
}

std::string held_back(const CampaignReport& report) {
  if (report.throttles.empty() && report.throttles_beyond == 0) return "";
  const auto first = report.buckets.empty() ? report.accepted : report.buckets.front().start;
  const auto last = std::max(report.finished.value_or(report.made), first + std::chrono::seconds(1));
  std::string out = "<h3>What held it back</h3>";
  const auto shown = std::min(report.throttles.size(), kMostThrottles);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& one = report.throttles[i];
    out += fmt::format(
        "<div class=\"hold\"><div class=\"kind\"><div>{}</div><span>{}</span></div>{}<p>{}{}</p></div>",
        foreign(one.path, 120), when(one, last - first),
        span_bar(one.from, one.until, first, last, colour_of(one)), what(one),
        (what(one).empty() || one.why.empty() ? "" : " · ") + foreign(one.why, kReplyBytes));
  }
  out += more(report.throttles.size(), shown);
  if (report.throttles_beyond > 0) {
    out += fmt::format("<p class=\"quiet more\">{} that began later were not looked at</p>",
                       grouped(report.throttles_beyond));
  }
  return out;
}

std::string reply_section(const CampaignReport& report, std::string_view title,
                          std::initializer_list<std::string_view> kinds, std::string_view unit) {
  std::string out;
  std::size_t all = 0;
  for (const auto& one : report.classes) {
    if (std::ranges::find(kinds, one.kind) == kinds.end() || ++all > kMostClasses) continue;
    out += fmt::format("<div class=\"kind\"><div>{}</div><span>{} {}</span></div>", foreign(one.name, 80),
                       grouped(one.count), unit);
    for (std::size_t s = 0; s < std::min(one.samples.size(), kMostSamples); ++s) {
      const auto& sample = one.samples[s];
      out += fmt::format("<div class=\"reply\"><code>{}</code><small>{}, {} time{}</small></div>",
                         sample.text.empty() ? "no reply" : foreign(sample.text, kReplyBytes),
                         foreign(sample.provider, 80), grouped(sample.count), sample.count == 1 ? "" : "s");
    }
    if (one.replies > one.samples.size() || one.uncounted > 0) {
      out += fmt::format("<p class=\"quiet more\">{} different replies", grouped(one.replies));
      if (one.uncounted > 0)
        out += fmt::format("; those of {} more were too many to be told apart", grouped(one.uncounted));
      out += "</p>";
    }
  }
  return out.empty() ? "" : section(title, out + more(all, kMostClasses));
}

std::string rate_of(std::uint64_t part, std::uint64_t all) { return all == 0 ? "–" : share_text(part, all); }

}  // namespace

std::string time_section(const CampaignReport& report) {
  return section("Attempts over time", attempts_chart(report.buckets) + held_back(report));
}

std::string provider_section(const CampaignReport& report) {
  if (report.providers.empty()) return "";
  ReportTable table({"Provider", "Delivered", "Bounced", "Expired", "Failed", "Put off", "Median wait",
                     "95 % wait", "Came back", "Complaints"});
  const auto shown = std::min(report.providers.size(), kMostProviders);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& p = report.providers[i];
    const bool sent = p.delivered > 0;
    table.row({foreign(p.name, 80), grouped(p.delivered), grouped(p.bounced), grouped(p.expired),
               rate_of(p.bounced + p.expired, p.delivered + p.bounced + p.expired), grouped(p.deferrals),
               sent ? duration_text(std::chrono::milliseconds(p.median_queued_ms)) : "–",
               sent ? duration_text(std::chrono::milliseconds(p.p95_queued_ms)) : "–", grouped(p.returned),
               grouped(p.complaints)});
  }
  return section("By provider", table.html() + more(report.providers.size(), shown));
}

std::string domain_section(const CampaignReport& report) {
  if (report.domains.empty()) return "";
  ReportTable table({"Domain", "Failed", "Of", "Rate", "Put off", "Came back", "Complaints", "Provider"});
  const auto shown = std::min(report.domains.size(), kMostDomains);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& d = report.domains[i];
    table.row({foreign(d.name, 100), grouped(d.failed()), grouped(d.tried()), rate_of(d.failed(), d.tried()),
               grouped(d.deferrals), grouped(d.returned), grouped(d.complaints),
               foreign(d.provider.empty() ? "other" : d.provider, 80)});
  }
  auto out = fmt::format(
      "<p class=\"quiet\">Bounced or expired of those tried, at {} domain{}; many failures of many count "
      "more "
      "than one of one.</p>",
      grouped(report.domains_seen), report.domains_seen == 1 ? "" : "s");
  out += table.html() + more(report.domains.size(), shown);
  if (report.domains_beyond > 0) {
    out += fmt::format("<p class=\"quiet more\">{} recipients at further domains were not told apart</p>",
                       grouped(report.domains_beyond));
  }
  return section("Domains with the worst rates", out);
}

std::string reply_sections(const CampaignReport& report) {
  return reply_section(report, "Why mail was not delivered", {"bounced", "expired"}, "recipients") +
         reply_section(report, "Why attempts were put off", {"deferred"}, "attempts");
}

std::string after_section(const CampaignReport& report) {
  const auto& c = report.counts;
  if (c.returned + c.complaints + c.unsubscribed == 0) return "";
  std::vector<ChartColumn> columns;
  for (const auto& b : report.after) columns.push_back({b.start, {b.returned, b.complaints, b.unsubscribed}});
  auto out = fmt::format(
      "<p class=\"quiet\">For mail that had been delivered: {} bounced later ({}), {} complaints ({}), {} "
      "unsubscriptions ({}).</p>",
      grouped(c.returned), share_text(c.returned, c.delivered), grouped(c.complaints),
      share_text(c.complaints, c.delivered), grouped(c.unsubscribed),
      share_text(c.unsubscribed, c.delivered));
  out += time_chart(columns, {{"Bounced by mail", "bad"}, {"Complaints", "wait"}, {"Unsubscribed", "gone"}},
                    "After delivery, over time", "");
  return section("What came back", out) +
         reply_section(report, "Why mail came back", {"returned"}, "recipients");
}

}  // namespace sluice::campaign
