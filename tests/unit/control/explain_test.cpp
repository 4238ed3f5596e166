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

queue::Found record_that(queue::Waiting state, queue::Trail trail = {}) {
  queue::Found out;
  const auto due = queue::to_due_second(kNow + 60s);
  out.key = queue::RecordKey{1, queue::Phase::retry, due, "example.test", 7}.encode();
  queue::RecordValue{"ann", to_ms(kNow), trail, "", ""}.append_to(out.value);
  out.state = state;
  return out;
}

std::string kind_of(const queue::Found& found, const char* event, bool no_route = false) {
  boost::json::value parsed;
  if (event != nullptr) parsed = boost::json::parse(event);
  const auto all = record_blockers(found, parsed.if_object(), no_route);
  return all.empty() ? "" : all.front().kind;
}

TEST(Explain, ARecordIsPutOffByWhatItsLastEventSays) {
  const auto put_off = record_that(queue::Waiting::deferred);
  EXPECT_EQ(kind_of(put_off, R"({"class":"dns","stage":"route"})"), "dns");
  EXPECT_EQ(kind_of(put_off, R"({"class":"other"})", true), "dns");
  EXPECT_EQ(kind_of(put_off, R"({"class":"network","stage":"starttls"})"), "tls");
  EXPECT_EQ(kind_of(put_off, R"({"class":"other","reply":{"text":"later"}})"), "retry");
  EXPECT_EQ(kind_of(put_off, nullptr), "window");
  queue::Trail grey;
  grey.greylisted = true;
  EXPECT_EQ(kind_of(record_that(queue::Waiting::deferred, grey), R"({"class":"other"})"), "greylist");
  EXPECT_EQ(kind_of(record_that(queue::Waiting::held), nullptr), "held");
  EXPECT_EQ(kind_of(record_that(queue::Waiting::leased), nullptr), "attempt");
  EXPECT_EQ(kind_of(record_that(queue::Waiting::ready), nullptr), "");
}

TEST(Explain, ARetryTellsTheReplySinceWhenAndUntilWhen) {
  const auto event = boost::json::parse(
      R"({"time":"2023-11-14T22:13:10.500Z","reply":{"code":451,"text":"try later"},"detail":"x"})");
  const auto all = record_blockers(record_that(queue::Waiting::deferred), event.if_object(), false);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].what, "try later");
  EXPECT_EQ(all[0].since, kNow - 10s);
  EXPECT_EQ(all[0].until, kNow + 60s);
}

TEST(Explain, AnOddEventDoesNoHarm) {
  for (const char* odd : {"{}", R"({"time":7,"reply":"x"})", R"({"time":"soon","reply":{"text":[]}})"}) {
    const auto event = boost::json::parse(odd);
    const auto all = record_blockers(record_that(queue::Waiting::deferred), event.if_object(), false);
    ASSERT_EQ(all.size(), 1U) << odd;
    EXPECT_EQ(all[0].since, Instant{}) << odd;
  }
}

TEST(Explain, InstantsThatAreNotKnownAreEmpty) {
  const auto json = blocker_json({"pause", "x"});
  EXPECT_EQ(json.at("since").as_string(), "");
  EXPECT_EQ(json.at("until").as_string(), "");
}

TEST(Explain, AFinishIsPredictedFromTheMeasuredRateOrUnknown) {
  const auto known =
      finish_json("google", 100, {.measured = 10.0, .allowed = 1.0, .begins = kNow + 1h}, kNow);
  EXPECT_EQ(known.at("basis").as_string(), "measured");
  EXPECT_EQ(known.at("at").as_string(), to_rfc3339(kNow + 10s));
  for (const double rate : {0.0, 1e-12}) {
    const auto unknown = finish_json("google", 100, {.measured = rate, .begins = kNow}, kNow);
    EXPECT_EQ(unknown.at("basis").as_string(), "unknown");
    EXPECT_EQ(unknown.at("at").as_string(), "");
  }
}

TEST(ExplainFinish, WithoutAMeasuredRateGoesByLimitsFromWhereTheBlockEnds) {
  const auto later = finish_json("google", 100, {.allowed = 5.0, .begins = kNow + 60s}, kNow);
  EXPECT_EQ(later.at("basis").as_string(), "limits");
  EXPECT_EQ(later.at("at").as_string(), to_rfc3339(kNow + 80s));
  const auto at_once = finish_json("google", 100, {.allowed = 5.0, .begins = kNow - 60s}, kNow);
  EXPECT_EQ(at_once.at("at").as_string(), to_rfc3339(kNow + 20s));
  const auto never = finish_json("google", 100, {.allowed = 5.0}, kNow);
  EXPECT_EQ(never.at("basis").as_string(), "unknown");
}

TEST(ExplainFinish, AllIsDoneWhenTheLastIs) {
  boost::json::array rows{
      finish_json("slow", 100, {.measured = 1.0}, kNow), finish_json("quick", 100, {.measured = 50.0}, kNow),
      finish_json("stands", 5, {}, kNow), finish_json("all", 205, {.measured = 51.0}, kNow)};
  end_with_last(rows);
  EXPECT_EQ(rows[3].at("at").as_string(), to_rfc3339(kNow + 100s));
  boost::json::array unknown{finish_json("slow", 100, {.measured = 1.0}, kNow),
                             finish_json("all", 100, {}, kNow)};
  end_with_last(unknown);
  EXPECT_EQ(unknown[1].at("at").as_string(), "") << "what is not known stays so";
}

}  // namespace
}  // namespace sluice::control
