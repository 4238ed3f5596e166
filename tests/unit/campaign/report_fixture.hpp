// A finished campaign with something of everything.
#pragma once

#include <cmath>

#include "engine/campaign/report.hpp"

namespace sluice::campaign::test {

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
  for (int i = 0; i < 192; ++i) {
    const double wave = 6500 * std::exp(-i / 70.0) * (1 + 0.25 * std::sin(i / 5.0));
    report.buckets.push_back({report.accepted + i * 1min, static_cast<std::uint64_t>(wave) + 400,
                              static_cast<std::uint64_t>(wave / 60), i > 20 && i < 60 ? 1800u : 150u});
  }
  report.providers = {{"google", 612'004, 6'120, 41'200, 0, 41'000, 5'400'000},
                      {"microsoft", 301'442, 8'013, 36'011, 0, 63'000, 7'860'000},
                      {"yahoo", 144'120, 2'900, 5'903, 0, 38'000, 3'100'000},
                      {"icloud", 61'002, 811, 420, 0, 29'000, 910'000},
                      {"other (18,204 sites)", 96'509, 1'068, 686, 0, 4'200, 71'000}};
  report.classes = {
      {"invalid-recipient",
       14'212,
       {{"google",
         "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Please try "
         "double-checking the recipient's email address",
         8'020},
        {"microsoft", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", 4'801}}},
      {"mailbox-full", 3'120, {{"yahoo", "552 5.2.2 mailbox over quota", 1'502}}},
      {"policy", 1'580, {{"example.test", "554 5.7.1 <script>alert('x')</script> \xff\x1b[31m refused", 3}}}};
  report.suppressed_by = {{"duplicate", 8'120}, {"unsubscribed", 3'004}, {"global", 1'864}};
  report.throttles = {
      {"mta-a > microsoft", "421 4.7.650 rate limited: halved to 40/s, then raised step by step",
       report.accepted + 21min, report.accepted + 61min},
      {"campaign autumn-2026", "its own rate of 8,000/min", report.accepted, {}}};
  return report;
}

}  // namespace sluice::campaign::test
