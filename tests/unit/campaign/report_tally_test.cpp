#include "engine/campaign/report_tally.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::campaign {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

const Instant kStart = from_ms(1'796'112'000'000);
constexpr StreamId kStream = 7;

/// Events and the exact accounts that belong to them.
class Tally : public testing::Test {
 protected:
  ReportEvent event(std::string_view kind, std::string_view domain, std::string_view provider,
                    std::string_view label = {}) {
    now_ += 10ms;
    ReportEvent out;
    out.kind = kind;
    out.time = now_;
    out.stream = kStream;
    out.domain = domain;
    out.provider = provider;
    out.label = label;
    out.source = "a";
    return out;
  }
  void tell(std::string_view kind, std::string_view domain, std::string_view provider,
            std::string_view label = {}) {
    tally_.add(event(kind, domain, provider, label));
    if (kind == "delivered") ++exact_.delivered;
    if (kind == "bounced") ++exact_.bounced;
    if (kind == "expired") ++exact_.expired;
    if (kind == "suppressed") ++exact_.suppressed;
    if (kind == "cancelled") ++exact_.cancelled;
    if (kind == "deferred") ++exact_.deferrals;
    if (kind == "in_doubt") ++exact_.doubts;
    exact_.injected = exact_.finals();
  }
  CampaignReport finish() { return tally_.finish(exact_, kStart, now_); }

  ReportOptions options_{.max_providers = 3};
  ReportTally tally_{kStream, "autumn", "shop", options_};
  queue::Counters exact_;
  Instant now_ = kStart;
};

template <class List, class Get>
std::uint64_t sum(const List& list, Get get) {
  std::uint64_t out = 0;
  for (const auto& one : list) out += one.*get;
  return out;
}

TEST_F(Tally, EverySumAgreesWithTheExactAccounts) {
  const char* kinds[] = {"delivered", "bounced",    "expired",  "deferred",
                         "in_doubt",  "suppressed", "cancelled"};
  const std::string domains[] = {"a.test", "b.test", "c.test", "d.test", "e.test"};
  for (int i = 0; i < 7000; ++i) {
    const auto& domain = domains[i % 5];
    tell(kinds[i % 7], domain, domain == "a.test" ? "google" : domain, i % 2 != 0 ? "policy" : "other");
  }
  const auto report = finish();
  const auto& c = report.counts;
  EXPECT_TRUE(c.balanced());
  EXPECT_EQ(report.missing.finals + report.missing.attempts, 0u);
  EXPECT_THAT(report.providers, SizeIs(4));  // three, and the rest
  EXPECT_EQ(sum(report.providers, &ReportProvider::delivered), c.delivered);
  EXPECT_EQ(sum(report.providers, &ReportProvider::bounced), c.bounced);
  EXPECT_EQ(sum(report.providers, &ReportProvider::expired), c.expired);
  EXPECT_EQ(sum(report.providers, &ReportProvider::deferrals), c.deferrals);
  EXPECT_EQ(sum(report.providers, &ReportProvider::in_doubt), c.in_doubt);
  EXPECT_EQ(sum(report.buckets, &ReportBucket::delivered), c.delivered);
  EXPECT_EQ(sum(report.buckets, &ReportBucket::bounced), c.bounced);
  EXPECT_EQ(sum(report.buckets, &ReportBucket::expired), c.expired);
  EXPECT_EQ(sum(report.buckets, &ReportBucket::deferred), c.deferrals);
  EXPECT_EQ(sum(report.classes, &ReportClass::count), c.bounced + c.expired + c.deferrals);
  EXPECT_EQ(sum(report.domains, &ReportDomain::bounced), c.bounced);
  EXPECT_EQ(sum(report.domains, &ReportDomain::expired), c.expired);
  EXPECT_EQ(sum(report.suppressed_by, &ReportReason::count), c.suppressed);
}

TEST_F(Tally, SaysWhatTheEventFilesLack) {
  tell("delivered", "a.test", "google");
  exact_.delivered += 5;
  exact_.injected += 5;
  exact_.deferrals += 2;
  const auto report = finish();
  EXPECT_EQ(report.counts.delivered, 6u);
  EXPECT_EQ(report.missing.finals, 5u);
  EXPECT_EQ(report.missing.attempts, 2u);
}

TEST_F(Tally, AfterEventsChangeNoFinalAndFindTheirProvider) {
  tell("delivered", "a.test", "google");
  now_ += 26h;
  tell("returned", "a.test", "", "invalid-recipient");
  tell("complaint", "a.test", "", "abuse");
  tell("unsubscribed", "elsewhere.test", "", "list");
  const auto report = finish();
  EXPECT_EQ(report.counts.delivered, 1u);
  EXPECT_EQ(report.counts.returned, 1u);
  EXPECT_EQ(report.counts.complaints, 1u);
  EXPECT_EQ(report.counts.unsubscribed, 1u);
  ASSERT_THAT(report.providers, SizeIs(2));
  EXPECT_EQ(report.providers[0].name, "google");
  EXPECT_EQ(report.providers[0].returned, 1u);
  EXPECT_EQ(report.providers[0].complaints, 1u);
  EXPECT_EQ(sum(report.after, &ReportAfter::returned), 1u);
  EXPECT_EQ(sum(report.after, &ReportAfter::unsubscribed), 1u);
  EXPECT_THAT(report.buckets, SizeIs(1));
  EXPECT_LT(*report.finished, kStart + 1h);
  ASSERT_THAT(report.classes, SizeIs(1));
  EXPECT_EQ(report.classes[0].kind, "returned");
}

TEST_F(Tally, OtherCampaignsCountNowhere) {
  auto other = event("delivered", "a.test", "google");
  other.stream = 8;
  tally_.add(other);
  auto paused = event("campaign", "", "", "paused");
  paused.stream = 8;
  tally_.add(paused);
  const auto report = finish();
  EXPECT_THAT(report.providers, SizeIs(0));
  EXPECT_THAT(report.throttles, SizeIs(0));
  EXPECT_FALSE(report.first_attempt);
}

TEST_F(Tally, BackOffsOfSourcesItUsedAreShown) {
  tell("delivered", "a.test", "google");
  auto held = event("backoff", "", "google", "set");
  held.stream = 0;
  held.detail = "slow:a:google: pause for source=a, provider=google, by shaping: 421";
  tally_.add(held);
  held.detail = "slow:b:google: pause for source=b, provider=google, by shaping: 421";
  held.source = "b";
  tally_.add(held);
  tell("delivered", "a.test", "google");
  EXPECT_THAT(finish().throttles, SizeIs(1));
}

}  // namespace
}  // namespace sluice::campaign
