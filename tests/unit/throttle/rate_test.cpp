#include "throttle/rate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::throttle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Rate parsed(std::string_view text) {
  const auto rate = Rate::parse(text);
  EXPECT_TRUE(rate) << (rate ? "" : rate.error().text);
  return rate.value_or(Rate{});
}

std::string refusal(std::string_view text) {
  const auto rate = Rate::parse(text);
  return rate ? "accepted as " + rate->text() : rate.error().text;
}

TEST(Rate, ReadsWhatOperatorsWrite) {
  EXPECT_EQ(parsed("10/s"), (Rate{10, seconds(1), 0}));
  EXPECT_EQ(parsed("50/min"), (Rate{50, minutes(1), 0}));
  EXPECT_EQ(parsed("1,000/hr"), (Rate{1000, hours(1), 0}));
  EXPECT_EQ(parsed("10_000/d"), (Rate{10'000, hours(24), 0}));
  EXPECT_EQ(parsed("100/s burst 10"), (Rate{100, seconds(1), 10}));
  EXPECT_EQ(parsed("  1,000,000 / hour\tburst  1_000 "), (Rate{1'000'000, hours(1), 1000}));
}

TEST(Rate, RefusalsSayWhatIsWrong) {
  EXPECT_EQ(refusal(""), "rate \"\": empty; write for example \"10/s\" or \"1,000/hr burst 20\"");
  EXPECT_EQ(refusal("10"), "rate \"10\": \"/\" and a unit are missing; write for example 10/s");
  EXPECT_EQ(refusal("/s"), "rate \"/s\": the count is missing, as in \"10/s burst 5\"");
  EXPECT_EQ(refusal("10/"), "rate \"10/\": the unit is missing after \"/\"; write s, min, h or d");
  EXPECT_EQ(refusal("10/m"), "rate \"10/m\": unit \"m\" may mean minute or month; write min");
  EXPECT_EQ(refusal("10/week"), "rate \"10/week\": the unit is unknown; write s, min, h or d");
  EXPECT_EQ(refusal("ten/s"), "rate \"ten/s\": the count is not a whole number");
  EXPECT_EQ(refusal("-1/s"), "rate \"-1/s\": the count is not a whole number");
  EXPECT_EQ(refusal("1.5/s"), "rate \"1.5/s\": the count is not a whole number");
  EXPECT_EQ(refusal("0/s"), "rate \"0/s\": the count is zero; leave the limit out or suspend instead");
  EXPECT_EQ(refusal("1,00/s"),
            "rate \"1,00/s\": a separator in the count is out of place; write 1,000 or 10_000");
  EXPECT_EQ(refusal("1__0/s"),
            "rate \"1__0/s\": a separator in the count is out of place; write 1,000 or 10_000");
  EXPECT_EQ(refusal("5/s burst"), "rate \"5/s burst\": the burst is missing, as in \"10/s burst 5\"");
  EXPECT_EQ(refusal("5/s bursts 3"), "rate \"5/s bursts 3\": after the unit only \"burst N\" may follow");
  EXPECT_EQ(refusal("5/s burst 0"),
            "rate \"5/s burst 0\": the burst is zero; leave the limit out or suspend instead");
  EXPECT_EQ(refusal("2_000_000_000/s"), "rate \"2_000_000_000/s\": faster than 1,000,000,000 a second");
}

TEST(Rate, HostileTextIsShownHarmless) {
  EXPECT_EQ(refusal(std::string_view("9\x1b[31m", 6)),
            "rate \"9\\x1b[31m\": \"/\" and a unit are missing; write "
            "for example 10/s");
  EXPECT_EQ(refusal("99999999999999999999999999/s"),
            "rate \"99999999999999999999999999/s\": the count is above 1,000,000,000,000");
  EXPECT_LT(refusal(std::string(100'000, '1') + "/s").size(), 200U);
}

TEST(Rate, TextParsesBackToTheSameRate) {
  for (const auto* text : {"10/s", "50/min burst 7", "1,000/hr", "10_000/d burst 1", "3/day"}) {
    const auto rate = parsed(text);
    EXPECT_EQ(parsed(to_string(rate)), rate) << text;
  }
  EXPECT_EQ(to_string(parsed("1,000/hour burst 20")), "1000/h burst 20");
}

TEST(Rate, DefaultBurstIsFiftyMillisecondsAndAtLeastOne) {
  EXPECT_EQ(parsed("100/s").effective_burst(), 5U);
  EXPECT_EQ(parsed("5,000/s").effective_burst(), 250U);
  EXPECT_EQ(parsed("3/d").effective_burst(), 1U);
  EXPECT_EQ(parsed("3/d burst 3").effective_burst(), 3U);
}

}  // namespace
}  // namespace sluice::throttle
