// A finished campaign with something of everything.
#pragma once

#include <cmath>

#include "engine/campaign/report.hpp"

namespace sluice::campaign::test {

inline void add_lists(CampaignReport& report);
inline void add_replies(CampaignReport& report);

inline CampaignReport autumn_report() {
  using namespace std::chrono_literals;
  CampaignReport report;
  report.id = "autumn-2026";
  report.tenant = "shop";
  report.subject = "Hello {{first_name}}, the leaves are falling – and so are our prices";
  report.from = "Shop <news@shop.test>";
  report.state = "done";
  report.accepted = from_ms(1'796'112'000'000);
  report.first_attempt = report.accepted + 2s;
  report.finished = report.accepted + 3h + 12min;
  report.counts = {.read = 1'250'431,
                   .rejected = 214,
                   .injected = 1'250'217,
                   .delivered = 1'215'077,
                   .bounced = 18'912,
                   .expired = 3'104,
                   .suppressed = 12'988,
                   .cancelled = 136,
                   .queued = 0,
                   .deferrals = 84'220,
                   .in_doubt = 3,
                   .returned = 412,
                   .complaints = 227,
                   .unsubscribed = 1'904};
  report.made = *report.finished + 4h;
  for (int i = 0; i < 192; ++i) {
    const double wave = 6500 * std::exp(-i / 70.0) * (1 + 0.25 * std::sin(i / 5.0));
    report.buckets.push_back({report.accepted + i * 1min, static_cast<std::uint64_t>(wave) + 400,
                              static_cast<std::uint64_t>(wave / 60), i > 20 && i < 60 ? 1800u : 150u,
                              i > 170 ? 120u : 0u, i == 40 ? 3u : 0u});
  }
  for (int i = 0; i < 40; ++i) {
    const auto fading = static_cast<std::uint64_t>(60 * std::exp(-i / 9.0));
    report.after.push_back({report.accepted + i * 10min, fading, fading / 2, 4 * fading});
  }
  add_lists(report);
  add_replies(report);
  return report;
}

inline void add_lists(CampaignReport& report) {
  report.providers = {{"google", 612'004, 6'120, 41'200, 0, 41'000, 5'400'000, 1'200, 2, 12, 90, 800},
                      {"microsoft", 301'442, 8'013, 36'011, 0, 63'000, 7'860'000, 1'000, 1, 390, 100, 700},
                      {"yahoo", 144'120, 2'900, 5'903, 0, 38'000, 3'100'000, 400, 0, 4, 30, 300},
                      {"icloud", 61'002, 811, 420, 0, 29'000, 910'000, 100, 0, 0, 5, 60},
                      {"other", 96'509, 1'068, 686, 0, 4'200, 71'000, 404, 0, 6, 2, 44}};
  report.domains = {{"closed-shop.test", "other", 3, 197, 12, 40, 0, 0},
                    {"old-university-with-a-long-name.test", "microsoft", 120, 310, 0, 12, 4, 1},
                    {"gmail.test", "google", 600'004, 6'001, 1'100, 41'000, 12, 90}};
  report.domains_seen = 18'204;
  report.domains_beyond = 12;
}

inline void add_replies(CampaignReport& report) {
  using namespace std::chrono_literals;
  report.classes = {
      {"invalid-recipient",
       14'212,
       {{"google",
         "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Please try "
         "double-checking the recipient's email address",
         8'020},
        {"microsoft", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", 4'801}},
       "bounced",
       9'990,
       1'391},
      {"mailbox-full", 3'120, {{"yahoo", "552 5.2.2 mailbox over quota", 1'502}}, "bounced", 7},
      {"policy", 1'580, {{"example.test", "554 5.7.1 <script>alert('x')</script> \xff\x1b[31m refused", 3}}},
      {"rate-limit", 80'010, {{"microsoft", "421 4.7.650 slow down", 36'000}}, "deferred", 12},
      {"mailbox-full", 300, {{"other", "552 5.2.2 over quota, said later", 280}}, "returned", 3}};
  report.suppressed_by = {{"duplicate", 8'120}, {"unsubscribed", 3'004}, {"global", 1'864}};
  report.throttles = {
      {"mta-a > microsoft",
       "rule outlook-rate: 421 4.7.650 The mail server has been temporarily rate limited",
       report.accepted + 21min, report.accepted + 61min, "backoff", "message_rate 40/s", "message_rate 100/s",
       9},
      {"the campaign", "held by operator: wrong price on page 2", report.accepted + 70min,
       report.accepted + 95min, "paused"},
      {"mta-b > google", "550 blocked using zen.spamhaus.org", report.accepted + 100min, {}, "suspended"},
      {"mta-c > yahoo", "held: deferrals: 500 messages today", report.accepted + 5min, report.accepted + 5min,
       "warmup"}};
}

}  // namespace sluice::campaign::test
