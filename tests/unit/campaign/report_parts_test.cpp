#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/campaign/report_domains.hpp"
#include "engine/campaign/report_event.hpp"
#include "engine/campaign/report_replies.hpp"
#include "engine/campaign/report_timeline.hpp"
#include "engine/campaign/time_series.hpp"

namespace sluice::campaign {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

const Instant kStart = from_ms(1'796'112'000'000);

TEST(EventTime, TakesWhatTheFeedWritesAndNothingElse) {
  EXPECT_EQ(event_time("2026-12-01T08:00:00.000Z"), kStart);
  EXPECT_EQ(event_time("2026-12-01T08:00:01.250Z"), kStart + 1250ms);
  for (const auto* bad : {"", "2026-12-01T08:00:00Z", "2026-13-01T08:00:00.000Z", "2026-02-30T08:00:00.000Z",
                          "2026-12-01 08:00:00.000Z", "2026-12-01T08:00:00.00xZ"}) {
    EXPECT_FALSE(event_time(bad)) << bad;
  }
}

TEST(TimeSeries, LosesNothingHoweverLongTheSpan) {
  TimeSeries<2> series;
  for (int i = 0; i < 40'000; ++i) series.add(kStart + i * 61s, static_cast<std::size_t>(i % 2));
  series.add(kStart - 5s, 0);  // the clock went back
  for (const std::size_t most : {1u, 7u, 120u}) {
    const auto buckets = series.buckets(most);
    ASSERT_LE(buckets.size(), most);
    std::uint64_t zero = 0, one = 0;
    for (const auto& bucket : buckets) zero += bucket.counts[0], one += bucket.counts[1];
    EXPECT_EQ(zero, 20'001u);
    EXPECT_EQ(one, 20'000u);
    EXPECT_LE(buckets.front().start, kStart - 5s);
  }
  const auto buckets = series.buckets(120);
  for (std::size_t i = 2; i < buckets.size(); ++i)
    EXPECT_EQ(buckets[i].start - buckets[i - 1].start, buckets[1].start - buckets[0].start);
}

TEST(TimeSeries, SecondsStayApartWhileTheyFit) {
  TimeSeries<1> series;
  EXPECT_THAT(series.buckets(10), IsEmpty());
  series.add(kStart, 0);
  series.add(kStart + 999ms, 0);
  series.add(kStart + 2s, 0);
  const auto buckets = series.buckets(10);
  ASSERT_THAT(buckets, SizeIs(3));
  EXPECT_EQ(buckets[0].counts[0], 2u);
  EXPECT_EQ(buckets[1].counts[0], 0u);
  EXPECT_EQ(buckets[2].start, kStart + 2s);
}

ReportEvent bounce(std::string_view label, std::string_view text) {
  ReportEvent out;
  out.kind = "bounced";
  out.label = label;
  out.code = 550;
  out.text = text;
  return out;
}

TEST(ReplyShape, IsWithoutWhatDiffersFromMessageToMessage) {
  EXPECT_EQ(reply_shape("550 5.1.1 <ann@x.test> unknown q12si9876543abc.12 - gsmtp"),
            reply_shape("550 5.1.1 <bob@x.test> unknown z99si1112223def.77 - gsmtp"));
  EXPECT_NE(reply_shape("550 5.1.1 no"), reply_shape("550 5.2.1 no"));
  EXPECT_EQ(reply_shape(""), "");
}

TEST(ReportReplies, CountsEveryReplyEvenBeyondWhatItTellsApart) {
  ReportReplies replies({.samples = 2, .max_replies = 3, .max_classes = 2, .reply_bytes = 20});
  std::vector<std::string> texts;
  for (const char c : std::string("aabcdefga")) texts.push_back(std::string("no ") + c);
  for (const auto& text : texts) replies.add(bounce("policy", text), "google");
  replies.add(bounce("mailbox-full", std::string(100, 'x')), "yahoo");
  replies.add(bounce("third", "x"), "yahoo");
  const auto classes = replies.finish();
  ASSERT_THAT(classes, SizeIs(3));
  EXPECT_EQ(classes[0].name, "policy");
  EXPECT_EQ(classes[0].count, texts.size());
  EXPECT_EQ(classes[0].replies, 3u);
  EXPECT_EQ(classes[0].uncounted, 4u);
  ASSERT_THAT(classes[0].samples, SizeIs(2));
  EXPECT_EQ(classes[0].samples[0].text, "550 no a");
  EXPECT_EQ(classes[0].samples[0].count, 3u);
  EXPECT_EQ(classes[1].count + classes[2].count, 2u);
  EXPECT_EQ(classes[1].uncounted + classes[2].uncounted, 2u);
}

ReportEvent at_domain(std::string_view kind, std::string_view domain) {
  ReportEvent out;
  out.kind = kind;
  out.domain = domain;
  return out;
}

TEST(ReportDomains, ManyFailuresOfManyRankAboveOneOfOne) {
  ReportDomains domains(100);
  domains.add(at_domain("bounced", "once.test"));
  for (int i = 0; i < 90; ++i) domains.add(at_domain("bounced", "bad.test"));
  for (int i = 0; i < 10; ++i) domains.add(at_domain("delivered", "bad.test"));
  for (int i = 0; i < 1000; ++i) domains.add(at_domain(i < 5 ? "expired" : "delivered", "big.test"));
  domains.add(at_domain("delivered", "good.test"));
  const auto worst = domains.worst(10);
  EXPECT_THAT(worst,
              ElementsAre(Field(&ReportDomain::name, "bad.test"), Field(&ReportDomain::name, "once.test"),
                          Field(&ReportDomain::name, "big.test")));
  EXPECT_EQ(worst[0].failed(), 90u);
  EXPECT_EQ(worst[0].tried(), 100u);
  EXPECT_EQ(worst[2].expired, 5u);
  EXPECT_THAT(domains.worst(1), SizeIs(1));
}

TEST(ReportDomains, ThoseBeyondTheLimitAreCountedTogether) {
  ReportDomains domains(2);
  for (const auto* name : {"a.test", "b.test", "c.test", "d.test", "a.test"}) {
    domains.add(at_domain("bounced", name));
    domains.add(at_domain("deferred", name));
  }
  EXPECT_EQ(domains.seen(), 2u);
  EXPECT_EQ(domains.beyond(), 2u);
  EXPECT_THAT(domains.worst(10), SizeIs(2));
}

TEST(FailureFloor, IsAShare) {
  EXPECT_EQ(failure_floor(0, 0), 0);
  EXPECT_GE(failure_floor(0, 10), 0);
  EXPECT_LT(failure_floor(10, 10), 1);
  EXPECT_GT(failure_floor(100, 100), failure_floor(1, 1));
}

ReportEvent told(std::string_view kind, std::string_view label, Instant time, std::string_view detail) {
  ReportEvent out;
  out.kind = kind;
  out.label = label;
  out.time = time;
  out.detail = detail;
  return out;
}

const ReportTimeline::Used kAll{[](auto) { return true; }, [](auto) { return true; },
                                [](auto) { return true; }, [](auto) { return true; }};

TEST(OverrideText, IsTakenApart) {
  const auto text = override_text(
      "slow:a:google: message_rate 50/s for source=a, provider=google, by shaping: rule gmail-rate: 421 "
      "4.7.28");
  EXPECT_EQ(text.id, "slow:a:google");
  EXPECT_EQ(text.effect, "message_rate 50/s");
  EXPECT_EQ(text.match, "source=a, provider=google");
  EXPECT_EQ(text.cause, "rule gmail-rate: 421 4.7.28");
  EXPECT_EQ(override_text("nothing of the kind").id, "");
}

TEST(ReportTimeline, StepsOfOneBackOffAreOneEntry) {
  ReportTimeline timeline(10, "autumn", "shop");
  const std::string id = "slow:a:google: message_rate ";
  const std::string rest = " for source=a, provider=google, by shaping: rule rate: 421";
  for (int step = 1; step <= 3; ++step) {
    auto event = told("backoff", "set", kStart + step * 1min, {});
    const auto detail = id + std::to_string(100 / step) + "/s" + rest;
    event.detail = detail;
    event.source = "a";
    event.provider = "google";
    timeline.add(event);
  }
  timeline.add(told("backoff", "cleared", kStart + 9min, id + "33/s" + rest));
  const auto held = timeline.finish(kAll, kStart, kStart + 1h, kStart + 1h);
  ASSERT_THAT(held, SizeIs(1));
  EXPECT_EQ(held[0].path, "a > google");
  EXPECT_EQ(held[0].effect, "message_rate 100/s");
  EXPECT_EQ(held[0].last_effect, "message_rate 33/s");
  EXPECT_EQ(held[0].changes, 2u);
  EXPECT_EQ(held[0].why, "rule rate: 421");
  EXPECT_EQ(held[0].from, kStart + 1min);
  EXPECT_EQ(held[0].until, kStart + 9min);
}

TEST(ReportTimeline, ShowsOnlyWhatCouldHoldThisCampaign) {
  ReportTimeline timeline(100, "autumn", "shop");
  auto other = told("suspended", "suspended", kStart, "dnsbl");
  other.source = "other";
  timeline.add(other);
  auto mine = told("suspended", "suspended", kStart + 1min, "operator");
  mine.source = "mine";
  timeline.add(mine);
  timeline.add(told("backoff", "set", kStart, "x: pause for tenant=blog, by ops: why"));
  timeline.add(told("backoff", "set", kStart, "y: pause for stream=winter, by ops: why"));
  timeline.add(told("backoff", "set", kStart, "z: pause for tenant=shop, by ops: why"));
  timeline.add(told("suspended", "set", kStart + 2h, "late: pause, by ops: after the end"));
  auto used = kAll;
  used.source = [](std::string_view name) { return name == "mine"; };
  const auto held = timeline.finish(used, kStart, kStart + 1h, kStart + 3h);
  ASSERT_THAT(held, SizeIs(2));
  EXPECT_EQ(held[0].path, "everywhere");
  EXPECT_EQ(held[1].path, "mine > everywhere");
  EXPECT_FALSE(held[1].until);
}

TEST(ReportTimeline, PausesEndWithTheNextStateAndSuspensionsWhenTheySaid) {
  ReportTimeline timeline(10, "autumn", "shop");
  timeline.add(told("campaign", "running", kStart, ""));
  timeline.add(told("campaign", "paused", kStart + 1min, "too many bounces"));
  timeline.add(told("campaign", "running", kStart + 5min, "operator"));
  auto suspended = told("suspended", "suspended", kStart + 2min, "spamhaus");
  suspended.due = kStart + 10min;
  timeline.add(suspended);
  auto broken = told("backoff", "tls", kStart + 3min, "STARTTLS of mx breaks");
  broken.due = kStart + 63min;
  timeline.add(broken);
  const auto held = timeline.finish(kAll, kStart, kStart + 1h, kStart + 2h);
  ASSERT_THAT(held, SizeIs(3));
  EXPECT_EQ(held[0].kind, "paused");
  EXPECT_EQ(held[0].until, kStart + 5min);
  EXPECT_EQ(held[1].until, kStart + 10min);
  EXPECT_EQ(held[2].until, kStart + 63min);
}

TEST(ReportTimeline, HasABoundAndSaysWhatItLeftOut) {
  ReportTimeline timeline(3, "autumn", "shop");
  for (int i = 0; i < 10; ++i) timeline.add(told("alert", "disk", kStart + i * 1s, std::string(5000, '<')));
  EXPECT_EQ(timeline.beyond(), 7u);
  const auto held = timeline.finish(kAll, kStart, kStart + 1h, kStart + 1h);
  ASSERT_THAT(held, SizeIs(3));
  EXPECT_LE(held[0].why.size(), 1000u);
}

TEST(ReportTimeline, HostileDetailsChangeNothingElse) {
  ReportTimeline timeline(100, "autumn", "shop");
  for (const auto* detail : {"", ":", ": ", "a", ", by ", "x: for , by : ", " for for for", ": , by : : "}) {
    timeline.add(told("backoff", "set", kStart, detail));
    timeline.add(told("suspended", "resumed", kStart, detail));
    timeline.add(told("campaign", detail, kStart, detail));
  }
  EXPECT_LE(timeline.finish(kAll, kStart, kStart, kStart).size(), 8u);
}

}  // namespace
}  // namespace sluice::campaign
