// Starts and windows over clock changes, by a clock that goes when it is told.
#include "engine/campaign/sending_times.hpp"

#include <gtest/gtest.h>

#include "engine/message/stored_content.hpp"

namespace sluice::campaign {
namespace {

using namespace std::chrono;

Instant utc(int y, unsigned m, unsigned d, int hour, int minute = 0) {
  return Instant(sys_days(year(y) / m / d).time_since_epoch() + hours(hour) + minutes(minute));
}

class SendingTimesTest : public testing::Test {
 protected:
  queue::StreamPtr add(std::initializer_list<const char*> windows, const std::string& zone,
                       Instant start = {}, const std::string& column = {}) {
    queue::StreamSettings settings;
    settings.start_ms = to_ms(start);
    auto stream = std::make_shared<queue::Stream>(++last_, settings, queue::StreamState::running);
    Acceptance acceptance;
    std::vector<Window> list;
    for (const auto* text : windows) list.push_back(parse_window(text).value());
    acceptance.windows = Windows(list);
    acceptance.zone_name = zone;
    acceptance.zone_column = column;
    acceptance.layout = message::RowLayout::of({"name", "tz"}).value();
    times_.add(stream, acceptance, clock_.now());
    return stream;
  }
  /// Ten ticks a second until `to`.
  void run_to(Instant to) {
    while (clock_.now() < to) {
      clock_.advance(milliseconds(100) < to - clock_.now() ? milliseconds(100)
                                                           : duration_cast<milliseconds>(to - clock_.now()));
      times_.tick(clock_.now());
    }
  }
  void jump_to(Instant to) {
    clock_.set(to);
    times_.tick(to);
  }
  [[nodiscard]] bool open(const queue::StreamPtr& stream) const { return stream->may_send(clock_.now()); }

  ManualClock clock_{utc(2026, 3, 27, 12)};  // a Friday; Berlin's clocks go forward on Sunday, 01:00 UTC
  std::vector<StreamId> changed_;
  SendingTimes times_{[this](const queue::StreamPtr& stream) { changed_.push_back(stream->id); }};
  StreamId last_ = 0;
};

TEST_F(SendingTimesTest, ShutsAndOpensByTheLocalClockOverTheChangeToSummerTime) {
  const auto stream = add({"daily 09:00-18:00"}, "Europe/Berlin");
  EXPECT_TRUE(open(stream)) << "13:00 in Berlin";
  jump_to(utc(2026, 3, 27, 17) - milliseconds(1));
  EXPECT_TRUE(open(stream));
  EXPECT_TRUE(changed_.empty());
  jump_to(utc(2026, 3, 27, 17));
  EXPECT_FALSE(open(stream));
  EXPECT_EQ(changed_.size(), 1U);
  EXPECT_EQ(stream->opens(clock_.now()), utc(2026, 3, 28, 8)) << "winter time";
  jump_to(utc(2026, 3, 28, 8));
  EXPECT_TRUE(open(stream));
  EXPECT_EQ(changed_.size(), 2U);
  jump_to(utc(2026, 3, 28, 17));
  EXPECT_EQ(stream->opens(clock_.now()), utc(2026, 3, 29, 7)) << "summer time, an hour earlier";
  jump_to(utc(2026, 3, 29, 7) - milliseconds(1));
  EXPECT_FALSE(open(stream));
  jump_to(utc(2026, 3, 29, 7));
  EXPECT_TRUE(open(stream));
  jump_to(utc(2026, 3, 29, 16) - milliseconds(1));
  EXPECT_TRUE(open(stream));
  jump_to(utc(2026, 3, 29, 16));
  EXPECT_FALSE(open(stream));
}

TEST_F(SendingTimesTest, AWindowInTheHourThatIsSkippedIsNone) {
  const auto stream = add({"sun 02:00-03:00"}, "Europe/Berlin");
  EXPECT_EQ(stream->opens(clock_.now()), utc(2026, 4, 5, 0)) << "a week later: 02:00 summer time";
}

TEST_F(SendingTimesTest, TheHourThatComesTwiceIsOneWindow) {
  jump_to(utc(2026, 10, 24, 22));
  const auto stream = add({"sun 02:00-03:30"}, "Europe/Berlin");
  EXPECT_EQ(stream->opens(clock_.now()), utc(2026, 10, 25, 0)) << "the first 02:00";
  jump_to(utc(2026, 10, 25, 0));
  EXPECT_TRUE(open(stream));
  jump_to(utc(2026, 10, 25, 2, 29));
  EXPECT_TRUE(open(stream)) << "03:29, after 02:00 came again";
  jump_to(utc(2026, 10, 25, 2, 30));
  EXPECT_FALSE(open(stream));
}

TEST_F(SendingTimesTest, WhatOpensBetweenTwoTicksIsOpenAtItsMoment) {
  const auto stream = add({"fri 13:00-13:01"}, "UTC");
  run_to(utc(2026, 3, 27, 13) - milliseconds(50));
  EXPECT_FALSE(open(stream));
  clock_.advance(milliseconds(50));
  EXPECT_TRUE(open(stream)) << "no tick was needed";
  clock_.set(utc(2026, 3, 27, 13, 1));
  EXPECT_FALSE(open(stream)) << "nor to shut";
}

TEST_F(SendingTimesTest, ACampaignWaitsForItsStartAndTheWindowAfterIt) {
  const auto start = utc(2026, 3, 28, 20);
  const auto plain = add({}, "UTC", start);
  const auto both = add({"daily 09:00-18:00"}, "UTC", start);
  EXPECT_FALSE(open(plain));
  EXPECT_EQ(plain->opens(clock_.now()), start);
  jump_to(start);
  EXPECT_TRUE(open(plain));
  EXPECT_FALSE(open(both));
  EXPECT_EQ(both->opens(clock_.now()), utc(2026, 3, 29, 9));
  EXPECT_NE(std::ranges::find(changed_, plain->id), changed_.end());
}

TEST_F(SendingTimesTest, RecipientsHaveTheirOwnClock) {
  const auto stream = add({"daily 09:00-18:00"}, "UTC", {}, "tz");
  EXPECT_TRUE(open(stream)) << "the stream itself is open";
  EXPECT_TRUE(stream->has_local_windows());
  const auto opening = [&](const std::string& zone) {
    const std::vector<std::string_view> cells{"Ada", zone};
    std::string row;
    message::encode_row(cells, row);
    std::string payload;
    message::append_payload(payload, {"Ada", row});
    const queue::Record record{{stream->id, queue::Phase::first, 0, "a.test", 1}, {"ada", 1000, {}, payload}};
    return times_.opening(*stream, record, clock_.now());
  };
  EXPECT_EQ(opening("Europe/Berlin"), clock_.now()) << "13:00 there";
  EXPECT_EQ(opening("America/New_York"), utc(2026, 3, 27, 13)) << "08:00 there, summer time already";
  EXPECT_EQ(opening("Asia/Tokyo"), utc(2026, 3, 28, 0)) << "21:00 there";
  EXPECT_EQ(opening(""), clock_.now()) << "the campaign's own";
  EXPECT_EQ(opening("Mars/Olympus"), clock_.now()) << "a zone nobody knows";
}

TEST(Acceptance, KeepsItsWindows) {
  Acceptance acceptance;
  acceptance.layout = message::RowLayout::of({"name"}).value();
  const auto always = acceptance.encode();
  acceptance.windows = Windows({parse_window("mon-fri 09:00-18:00").value()});
  acceptance.zone_name = "Europe/Berlin";
  acceptance.zone_column = "tz";
  const auto bytes = acceptance.encode();
  const auto back = Acceptance::decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->windows.list(), acceptance.windows.list());
  EXPECT_EQ(back->zone_name, "Europe/Berlin");
  EXPECT_EQ(back->zone_column, "tz");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) EXPECT_FALSE(Acceptance::decode(bytes.substr(0, cut)));
  auto old = always.substr(0, always.size() - 6);  // windows, "UTC", ""
  old[0] = 1;
  const auto before = Acceptance::decode(old);
  ASSERT_TRUE(before) << "as it was written before windows were kept";
  EXPECT_TRUE(before->windows.always_open());
}

}  // namespace
}  // namespace sluice::campaign
