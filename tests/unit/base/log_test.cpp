#include "engine/base/log.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "engine/base/log_episodes.hpp"

namespace sluice::log {
namespace {

using std::chrono::seconds;

constexpr Instant kAt = from_ms(1'780'000'000'123);
const std::string kTime = to_rfc3339(kAt);

TEST(LogLine, TextQuotesWhatNeedsIt) {
  EXPECT_EQ(line_of(Format::text, kAt, Level::warn, "door_shut", {{"port", 25}, {"reason", "a \"b\"\n"}}),
            kTime + " warn door_shut port=25 reason=\"a \\\"b\\\"\\x0a\"");
}

TEST(LogLine, JsonHasNumbersAndTruthBare) {
  EXPECT_EQ(
      line_of(Format::json, kAt, Level::info, "e", {{"n", 7}, {"share", 0.5}, {"up", true}, {"t", "7"}}),
      "{\"time\":\"" + kTime +
          "\",\"level\":\"info\",\"event\":\"e\",\"n\":7,\"share\":0.5,\"up\":true,\"t\":\"7\"}");
}

TEST(LogLine, JsonStaysJsonWhateverTheValue) {
  const auto line =
      line_of(Format::json, kAt, Level::error, "e",
              {{"reason", std::string("\"\n\xff{")}, {"n", std::numeric_limits<double>::infinity()}});
  EXPECT_TRUE(line.ends_with("\"reason\":\"\\\"\\n\\\\xff{\",\"n\":\"inf\"}")) << line;
}

TEST(LogLevel, NamesGoBothWays) {
  for (const auto level : {Level::debug, Level::info, Level::warn, Level::error})
    EXPECT_EQ(level_named(name_of(level)), level);
  EXPECT_FALSE(level_named("INFO"));
  EXPECT_FALSE(level_named(""));
}

TEST(Episodes, AFloodIsCutAndCounted) {
  Episodes episodes({.lines = 3, .span = seconds(60)});
  int written = 0;
  for (int i = 0; i < 100; ++i)
    written += episodes.admit("store_commit_failed", kAt + seconds(i / 2)) ? 1 : 0;
  EXPECT_EQ(written, 3);
  EXPECT_TRUE(episodes.admit("other_event", kAt)) << "each event has its own account";
  EXPECT_TRUE(episodes.take_ended(kAt + seconds(59)).empty());
  const auto told = episodes.take_ended(kAt + seconds(60));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, "store_commit_failed");
  EXPECT_EQ(told[0].lines, 97U);
  EXPECT_TRUE(episodes.take_ended(kAt + seconds(600)).empty()) << "told once";
  EXPECT_TRUE(episodes.admit("store_commit_failed", kAt + seconds(600))) << "a new episode";
}

TEST(Episodes, WhatIsLeftOutIsNotForgottenBeforeItIsTold) {
  Episodes episodes({.lines = 1, .span = seconds(60)});
  EXPECT_TRUE(episodes.admit("e", kAt));
  EXPECT_FALSE(episodes.admit("e", kAt));
  EXPECT_FALSE(episodes.admit("e", kAt + seconds(90))) << "the account is closed by telling it";
  const auto told = episodes.take_ended(kAt + seconds(90));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].lines, 2U);
}

TEST(Episodes, NamesAreBounded) {
  Episodes episodes({.lines = 1, .span = seconds(60), .max_events = 4});
  int written = 0;
  for (int i = 0; i < 1000; ++i) written += episodes.admit("event_" + std::to_string(i), kAt) ? 1 : 0;
  EXPECT_EQ(written, 5) << "four names, and the one line of all others";
  const auto told = episodes.take_ended(kAt + seconds(60));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, "others");
  EXPECT_EQ(told[0].lines, 995U);
}

}  // namespace
}  // namespace sluice::log
