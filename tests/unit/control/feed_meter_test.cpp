#include "engine/control/feed_meter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::control {
namespace {

using queue::Event;
using queue::EventKind;
using ::testing::HasSubstr;
using ::testing::Not;

class FeedMeterTest : public ::testing::Test {
 protected:
  Event of(EventKind kind) {
    Event event;
    event.kind = kind;
    event.provider = "google";
    event.source = "a";
    event.attempts = 1;
    return event;
  }
  void tell(const Event& event) { meter_.on_event(++seq_, event); }
  std::string page() { return metrics::to_text(registry_); }

  metrics::Registry registry_;
  FeedMeter meter_{registry_.make_shard()};
  std::uint64_t seq_ = 0;
};

TEST_F(FeedMeterTest, ADoubtThatIsAssumedDeliveredIsOneAttempt) {
  tell(of(EventKind::in_doubt));
  auto assumed = of(EventKind::delivered);
  assumed.event_class = "assumed";
  tell(assumed);
  EXPECT_THAT(page(),
              HasSubstr("sluice_attempts_total{provider=\"google\",source=\"a\",result=\"in_doubt\"} 1\n"));
  EXPECT_THAT(page(), Not(HasSubstr("result=\"delivered\"")));
  EXPECT_THAT(page(), HasSubstr("sluice_in_doubt_total{provider=\"google\"} 1\n"));
  EXPECT_THAT(page(), HasSubstr("sluice_delivered_total{provider=\"google\",class=\"assumed\"} 1\n"));
}

TEST_F(FeedMeterTest, AnExpiryIsAnAttemptOnlyWithAReply) {
  tell(of(EventKind::expired));
  EXPECT_THAT(page(), Not(HasSubstr("sluice_attempts_total{")));
  auto refused = of(EventKind::expired);
  refused.reply_code = 451;
  tell(refused);
  EXPECT_THAT(page(), HasSubstr("result=\"deferred\"} 1\n"));
  EXPECT_THAT(page(), HasSubstr("sluice_expired_total{provider=\"google\"} 2\n"));
}

TEST_F(FeedMeterTest, CodesThatAreNotKnownAreOther) {
  auto event = of(EventKind::bounced);
  event.reply_code = 550;
  for (const auto* code : {"5.1.1", "5.99.123", ""}) {
    event.reply_enhanced = code;
    tell(event);
  }
  EXPECT_THAT(page(), HasSubstr("class=\"5xx\",enhanced=\"5.1.1\"} 1\n"));
  EXPECT_THAT(page(), HasSubstr("class=\"5xx\",enhanced=\"other\"} 1\n"));
  EXPECT_THAT(page(), HasSubstr("class=\"5xx\",enhanced=\"none\"} 1\n"));
}

TEST_F(FeedMeterTest, RetriesHaveALaneOfTheirOwn) {
  auto event = of(EventKind::delivered);
  event.queued_ms = 400'000;
  tell(event);
  event.attempts = 2;
  tell(event);
  const auto text = page();
  EXPECT_THAT(text, HasSubstr("_bucket{provider=\"google\",lane=\"first\",le=\"120\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{provider=\"google\",lane=\"first\",le=\"600\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_count{provider=\"google\",lane=\"retry\"} 1\n"));
}

TEST_F(FeedMeterTest, WhatComesBackLaterIsCounted) {
  tell(of(EventKind::returned));
  tell(of(EventKind::complaint));
  tell(of(EventKind::unsubscribed));
  EXPECT_THAT(page(), HasSubstr("sluice_returned_total{provider=\"google\",class=\"none\"} 1\n"));
  EXPECT_THAT(page(), HasSubstr("sluice_complaints_total{provider=\"google\"} 1\n"));
  EXPECT_THAT(page(), HasSubstr("sluice_unsubscribes_total 1\n"));
}

TEST_F(FeedMeterTest, MissingNumbersAreDropped) {
  tell(of(EventKind::delivered));
  EXPECT_THAT(page(), HasSubstr("sluice_events_dropped_total 0\n"));
  seq_ += 3;
  tell(of(EventKind::delivered));
  EXPECT_THAT(page(), HasSubstr("sluice_events_dropped_total 3\n"));
}

}  // namespace
}  // namespace sluice::control
