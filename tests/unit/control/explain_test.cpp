#include "engine/control/explain.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sluice::control {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1'700'000'000s};

queue::Stream stream_that(queue::StreamState state, std::int64_t start_ms = 0) {
  queue::StreamSettings settings;
  settings.name = "sale";
  settings.start_ms = start_ms;
  return {1, std::move(settings), state};
}

TEST(Explain, AStreamThatMaySendBlocksNothing) {
  const auto stream = stream_that(queue::StreamState::running);
  EXPECT_TRUE(stream_blockers(stream, "a note", kNow).empty());
}

TEST(Explain, APauseSaysWhyAndComesBeforeTheStart) {
  const auto stream = stream_that(queue::StreamState::paused, to_ms(kNow + 60s));
  const auto found = stream_blockers(stream, "by request", kNow);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kind, "pause");
  EXPECT_NE(found[0].what.find("by request"), std::string::npos);
  EXPECT_EQ(found[0].until, Instant::max());
  EXPECT_EQ(found[1].kind, "start");
  EXPECT_EQ(found[1].until, kNow + 60s);
}

TEST(Explain, ACampaignHeldByItsCanarySaysSo) {
  const auto stream = stream_that(queue::StreamState::paused);
  EXPECT_EQ(stream_blockers(stream, "canary: 12 % bounced", kNow).at(0).kind, "canary");
}

TEST(Explain, AWindowEndsWhenTheNextOneOpens) {
  queue::Stream stream(1, {}, queue::StreamState::running);
  stream.set_window(to_ms(kNow + 30s), to_ms(kNow + 60s));
  const auto found = stream_blockers(stream, "", kNow);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, "window");
  EXPECT_EQ(found[0].until, kNow + 30s);
}

TEST(Explain, InstantsThatAreNotKnownAreEmpty) {
  const auto json = blocker_json({"pause", "x"});
  EXPECT_EQ(json.at("since").as_string(), "");
  EXPECT_EQ(json.at("until").as_string(), "");
}

TEST(Explain, AFinishIsPredictedFromTheMeasuredRateOrUnknown) {
  const auto known = finish_json("google", 100, 10.0, kNow);
  EXPECT_EQ(known.at("basis").as_string(), "measured");
  EXPECT_EQ(known.at("at").as_string(), to_rfc3339(kNow + 10s));
  for (const double rate : {0.0, 1e-12}) {
    const auto unknown = finish_json("google", 100, rate, kNow);
    EXPECT_EQ(unknown.at("basis").as_string(), "unknown");
    EXPECT_EQ(unknown.at("at").as_string(), "");
  }
}

}  // namespace
}  // namespace sluice::control
