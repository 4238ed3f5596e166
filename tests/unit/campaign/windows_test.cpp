#include "engine/campaign/windows.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::campaign {
namespace {

using namespace std::chrono;

Instant utc(int y, unsigned m, unsigned d, int hour, int minute = 0) {
  return Instant(sys_days(year(y) / m / d).time_since_epoch() + hours(hour) + minutes(minute));
}

Windows windows(std::initializer_list<const char*> texts) {
  std::vector<Window> out;
  for (const char* text : texts) out.push_back(parse_window(text).value());
  return Windows(out);
}

const Zone& berlin() {
  static const Zone zone = Zone::find("Europe/Berlin").value();
  return zone;
}

TEST(Window, ParsesDaysAndTimes) {
  EXPECT_EQ(parse_window("mon-fri 09:00-18:00").value(), (Window{0b0011111, 540, 1080}));
  EXPECT_EQ(parse_window("Sat,SUN 10:00-24:00").value(), (Window{0b1100000, 600, 1440}));
  EXPECT_EQ(parse_window("daily 00:00-24:00").value(), (Window{0b1111111, 0, 1440}));
  EXPECT_EQ(parse_window("sat-mon 22:00-02:30").value(), (Window{0b1100001, 1320, 150}));
}

TEST(Window, RefusesWhatIsNone) {
  for (const char* text : {"", "mon", "mon 9:00-18:00", "mon 09:00", "mon 09:00-25:00", "mon 09:60-10:00",
                           "mon 24:00-10:00", "mon 09:00-09:00", "mon 09:00-00:00", "foo 09:00-10:00",
                           "mon, 09:00-10:00", "mon- 09:00-10:00", "mon 09:00-10:00 x", "mon 09:0a-10:00"}) {
    EXPECT_FALSE(parse_window(text)) << text;
  }
}

TEST(Windows, NoneMeansAlwaysOpen) {
  EXPECT_TRUE(Windows().open_at(utc(2026, 1, 1, 3), Zone()));
  EXPECT_EQ(Windows().next_opening(utc(2026, 1, 1, 3), Zone()), utc(2026, 1, 1, 3));
}

TEST(Windows, OpensAtItsStartAndClosesAtItsEnd) {
  const auto office = windows({"mon-fri 09:00-18:00"});
  // Monday 2026-11-23, Berlin is at UTC+1.
  EXPECT_FALSE(office.open_at(utc(2026, 11, 23, 7, 59), berlin()));
  EXPECT_TRUE(office.open_at(utc(2026, 11, 23, 8), berlin()));
  EXPECT_TRUE(office.open_at(utc(2026, 11, 23, 17) - Micros(1), berlin()));
  EXPECT_FALSE(office.open_at(utc(2026, 11, 23, 17), berlin()));
  EXPECT_EQ(office.next_opening(utc(2026, 11, 23, 12), berlin()), utc(2026, 11, 23, 12));
  EXPECT_EQ(office.next_opening(utc(2026, 11, 23, 17), berlin()), utc(2026, 11, 24, 8));
  EXPECT_EQ(office.next_opening(utc(2026, 11, 27, 17), berlin()), utc(2026, 11, 30, 8));  // over the weekend
}

TEST(Windows, TakeTheEarliestOfSeveral) {
  const auto two = windows({"mon 14:00-15:00", "mon 08:00-09:00"});
  EXPECT_EQ(two.next_opening(utc(2026, 11, 23, 0), Zone()), utc(2026, 11, 23, 8));
  EXPECT_EQ(two.next_opening(utc(2026, 11, 23, 9), Zone()), utc(2026, 11, 23, 14));
}

TEST(Windows, NightBelongsToTheDayItBeginsOn) {
  const auto night = windows({"fri 22:00-02:00"});
  EXPECT_TRUE(night.open_at(utc(2026, 11, 28, 1), Zone()));   // Saturday, 01:00
  EXPECT_FALSE(night.open_at(utc(2026, 11, 27, 1), Zone()));  // Friday, 01:00
  EXPECT_FALSE(night.open_at(utc(2026, 11, 28, 2), Zone()));
}

TEST(Windows, KeepLocalTimeAcrossBothClockChanges) {
  const auto office = windows({"daily 09:00-10:00"});
  // Summer time ends on 2026-10-25 and begins on 2026-03-29.
  EXPECT_EQ(office.next_opening(utc(2026, 10, 24, 12), berlin()), utc(2026, 10, 25, 8));
  EXPECT_EQ(office.next_opening(utc(2026, 10, 23, 12), berlin()), utc(2026, 10, 24, 7));
  EXPECT_EQ(office.next_opening(utc(2026, 3, 28, 12), berlin()), utc(2026, 3, 29, 7));
  EXPECT_EQ(office.next_opening(utc(2026, 3, 27, 12), berlin()), utc(2026, 3, 28, 8));
}

TEST(Windows, SkippedStartOpensAtTheSkip) {
  const auto early = windows({"sun 02:30-05:00"});
  // 02:00 to 03:00 does not exist: the clock goes on at 01:00 UTC.
  EXPECT_EQ(early.next_opening(utc(2026, 3, 29, 0), berlin()), utc(2026, 3, 29, 1));
  EXPECT_FALSE(early.open_at(utc(2026, 3, 29, 1) - Micros(1), berlin()));
  EXPECT_TRUE(early.open_at(utc(2026, 3, 29, 1), berlin()));
  EXPECT_FALSE(early.open_at(utc(2026, 3, 29, 3), berlin()));
}

TEST(Windows, SwallowedByTheSkipWaitsForTheNextWeek) {
  const auto gone = windows({"sun 02:10-02:50"});
  EXPECT_EQ(gone.next_opening(utc(2026, 3, 28, 12), berlin()), utc(2026, 4, 5, 0, 10));
}

TEST(Windows, RepeatedHourIsOpenOnceAndUnbroken) {
  const auto early = windows({"sun 02:15-02:45"});
  // The clock shows 02:15 at 00:15 UTC and again at 01:15 UTC.
  EXPECT_TRUE(early.open_at(utc(2026, 10, 25, 0, 20), berlin()));
  EXPECT_FALSE(early.open_at(utc(2026, 10, 25, 1, 20), berlin()));
  const auto across = windows({"sun 01:00-04:00"});
  for (int minute = 0; minute < 4 * 60; ++minute) {
    EXPECT_TRUE(across.open_at(utc(2026, 10, 24, 23, minute), berlin())) << minute;
  }
}

TEST(Windows, NextOpeningIsTheFirstOpenMomentOfAYear) {
  const auto mixed = windows({"mon-wed 08:30-12:00", "sun 01:30-03:30", "fri 23:00-01:00"});
  const auto zone = Zone::find("America/New_York").value();
  for (auto at = utc(2026, 1, 1, 0); at < utc(2027, 1, 1, 0); at += minutes(173)) {
    auto brute = at;
    while (!mixed.open_at(brute, zone)) brute += minutes(1);
    const auto answer = mixed.next_opening(at, zone);
    ASSERT_TRUE(mixed.open_at(answer, zone));
    ASSERT_LE(answer, brute);
    ASSERT_LT(brute - answer, minutes(1));
  }
}

TEST(Zone, UnknownNameGetsTheNearest) {
  const auto zone = Zone::find("Europe/Berln");
  ASSERT_FALSE(zone);
  EXPECT_NE(zone.error().text.find("Europe/Berlin"), std::string::npos);
  EXPECT_FALSE(Zone::find(""));
  EXPECT_FALSE(Zone::find("../../etc/passwd"));
}

}  // namespace
}  // namespace sluice::campaign
