#include "engine/sink/site.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::sink {
namespace {

using namespace std::chrono_literals;

constexpr Site::Clock::time_point kStart{1000s};

std::string address(int i) { return "user" + std::to_string(i) + "@example.test"; }

TEST(Site, BouncesAShareOfRecipientsTheSameOnEachTry) {
  Site site({.bounce_share = 0.1, .mailbox_full_share = 0.05}, 7);
  Site again({.bounce_share = 0.1, .mailbox_full_share = 0.05}, 7);
  Site other({.bounce_share = 0.1, .mailbox_full_share = 0.05}, 8);
  int bounced = 0;
  int full = 0;
  int changed = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto fate = site.recipient("a@b.test", address(i), kStart).fate;
    bounced += fate == Fate::bounced ? 1 : 0;
    full += fate == Fate::mailbox_full ? 1 : 0;
    ASSERT_EQ(site.recipient("c@d.test", address(i), kStart + 5s).fate, fate);
    ASSERT_EQ(again.recipient("a@b.test", address(i), kStart).fate, fate);
    changed += other.recipient("a@b.test", address(i), kStart).fate != fate ? 1 : 0;
  }
  EXPECT_NEAR(bounced, 1000, 120);
  EXPECT_NEAR(full, 500, 90);
  EXPECT_GT(changed, 1000) << "another seed, other recipients";
}

TEST(Site, GreylistsAPairUntilItsTimeHasPassed) {
  Site site({.greylist = 300s}, 1);
  const auto at = [&](std::string_view from, Site::Clock::duration later) {
    return site.recipient(from, "b@example.test", kStart + later).reply;
  };
  EXPECT_EQ(at("a@x.test", 0s).enhanced.text(), "4.7.1");
  EXPECT_EQ(at("a@x.test", 299s).code, 451);
  EXPECT_EQ(at("a@x.test", 300s).code, 250);
  EXPECT_EQ(at("other@x.test", 300s).code, 451) << "another sender is another pair";
  EXPECT_EQ(site.counters().greylisted.load(), 3U);
}

TEST(Site, LimitsMailsInEachSecond) {
  Site site({.max_messages_per_s = 3}, 1);
  for (int second = 0; second < 3; ++second) {
    const auto now = kStart + std::chrono::seconds(second);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(site.mail(i, false, now + 300ms * i));
    const auto refused = site.mail(3, false, now + 999ms);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, 421);
    EXPECT_EQ(refused->enhanced.text(), "4.7.28");
  }
  EXPECT_EQ(site.counters().mail_rate.peak(), 3U);
  EXPECT_EQ(site.counters().mails.load(), 9U);
  EXPECT_EQ(site.counters().rate_limited.load(), 3U);
}

TEST(Site, LimitsConnectionsAndMessagesOnEach) {
  Site site({.max_connections = 2, .max_messages_per_connection = 1}, 1);
  EXPECT_FALSE(site.connect());
  EXPECT_FALSE(site.connect());
  EXPECT_EQ(site.connect()->enhanced.text(), "4.7.0");
  site.disconnect();
  site.disconnect();
  EXPECT_FALSE(site.connect());
  EXPECT_EQ(site.counters().most_open.load(), 2U);
  EXPECT_FALSE(site.mail(0, false, kStart));
  EXPECT_EQ(site.mail(1, false, kStart)->code, 421);
}

TEST(Site, DrawsAreAFunctionOfTheSeed) {
  const auto draws = [](std::uint64_t seed) {
    Site site({.drop_share = 0.5}, seed);
    std::string out;
    for (int i = 0; i < 200; ++i) out += site.drops() ? '1' : '0';
    return out;
  };
  EXPECT_EQ(draws(1), draws(1));
  EXPECT_NE(draws(1), draws(2));
  EXPECT_NEAR(static_cast<double>(std::ranges::count(draws(1), '1')), 100, 30);
}

TEST(Site, ReadsScriptsInLocalParts) {
  EXPECT_EQ(scripted_reply("say-550-5.1.1")->enhanced.text(), "5.1.1");
  EXPECT_EQ(scripted_reply("say-421")->code, 421);
  EXPECT_EQ(scripted_reply("say-452-4.2.2-tag7")->enhanced.text(), "4.2.2");
  for (const auto* bad :
       {"say-", "say-99", "say-354", "say-600", "say-550-5.1", "say-550-9.1.1", "user", "say-x"}) {
    EXPECT_FALSE(scripted_reply(bad)) << bad;
  }
}

TEST(Persona, IsFoundByNameAndChecked) {
  EXPECT_EQ(find_persona("gmail-like")->max_connections, 5U);
  EXPECT_EQ(find_persona("nobody").error().code, ErrorCode::not_found);
  EXPECT_TRUE(find_persona("nobody").error().text.contains("yahoo-like"));
  for (const auto& persona : built_in_personas()) EXPECT_TRUE(check(persona)) << persona.name;
  EXPECT_FALSE(check({.bounce_share = 1.5}));
  EXPECT_FALSE(check({.bounce_share = 0.6, .mailbox_full_share = 0.6}));
}

}  // namespace
}  // namespace sluice::sink
