// Who is let in at the inbound door, and what a POST to the unsubscribe page asks for.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "engine/inbound/bounce_session.hpp"
#include "engine/inbound/unsubscribe_pages.hpp"

namespace sluice::inbound {
namespace {

const Instant kNow = from_ms(1'790'000'000'000);

class InboundDoor : public testing::Test {
 protected:
  InboundDoor() {
    char name[] = "/tmp/sluice-inbound-XXXXXX";
    folder = ::mkdtemp(name);
    keys = std::move(*feedback::TokenKeys::open(folder / "keys", kNow));
    options.domain = "bounces.shop.test";
    token = feedback::make_token(keys->for_stream(to_ms(kNow)), id);
  }
  ~InboundDoor() override { std::filesystem::remove_all(folder); }
  std::optional<Target> target(std::string_view local, std::string_view domain = "Bounces.Shop.test") {
    return target_of(local, domain, options, *keys, kNow);
  }

  std::filesystem::path folder;
  std::unique_ptr<feedback::TokenKeys> keys;
  Options options;
  std::string token;
  const MessageId id = MessageId::make(kNow, 0, 7, 9);
};

TEST_F(InboundDoor, TakesItsOwnAddressesAndNothingElse) {
  ASSERT_TRUE(target(token));
  EXPECT_EQ(target(token)->id, id);
  EXPECT_EQ(target("Unsubscribe+" + token)->kind, Target::Kind::unsubscribe);
  EXPECT_EQ(target("FBL")->kind, Target::Kind::feedback);
  auto forged = token;
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_FALSE(target(forged));
  EXPECT_FALSE(target("unsubscribe+" + forged));
  EXPECT_FALSE(target("unsubscribe+"));
  EXPECT_FALSE(target(id.text()));
  EXPECT_FALSE(target("ann"));
  EXPECT_FALSE(target(""));
  EXPECT_FALSE(target(token, "elsewhere.test"));
  EXPECT_FALSE(target(token, ""));
  options.domain.clear();
  EXPECT_FALSE(target(token, ""));
}

TEST_F(InboundDoor, ATokenComesBackOnlySoOften) {
  TokenLimit limit(2, std::chrono::minutes(60));
  EXPECT_TRUE(limit.take(id, kNow));
  EXPECT_TRUE(limit.take(id, kNow));
  EXPECT_FALSE(limit.take(id, kNow));
  EXPECT_TRUE(limit.take(MessageId::make(kNow, 0, 7, 10), kNow));
  EXPECT_TRUE(limit.take(id, kNow + std::chrono::minutes(60)));
}

TEST(TokenLimit, AMillionOthersDoNotUseUpOnesShare) {
  TokenLimit limit(20, std::chrono::minutes(60));
  for (Row row = 0; row < 1'000'000; ++row) (void)limit.take(MessageId::make(kNow, 0, 7, row), kNow);
  std::size_t refused = 0;
  for (Row row = 0; row < 10'000; ++row)
    refused += limit.take(MessageId::make(kNow, 0, 8, row), kNow) ? 0 : 1;
  EXPECT_EQ(refused, 0U);
}

TEST(Told, HoldsTheLatestAndForgetsTheOldest) {
  Told told(10);
  const auto key = [](Row row) {
    return Told::Key{MessageId::make(kNow, 0, 7, row), queue::EventKind::returned};
  };
  for (Row row = 0; row < 100; ++row) {
    EXPECT_FALSE(told.contains(key(row)));
    EXPECT_TRUE(told.begin(key(row)));
    EXPECT_FALSE(told.begin(key(row))) << "it is under way";
    EXPECT_FALSE(told.contains(key(row))) << "and not told yet";
    told.end(key(row), true);
  }
  for (Row row = 90; row < 100; ++row) EXPECT_TRUE(told.contains(key(row)));
  EXPECT_FALSE(told.contains(key(0)));
  EXPECT_FALSE(told.contains({key(99).id, queue::EventKind::complaint}));
  EXPECT_TRUE(told.begin(key(200)));
  told.end(key(200), false);
  EXPECT_FALSE(told.contains(key(200))) << "it failed";
  EXPECT_TRUE(told.begin(key(200)));
}

TEST(UnsubscribeWish, IsReadFromBothFormsAndRefusedOtherwise) {
  EXPECT_EQ(read_wish("List-Unsubscribe=One-Click")->page, false);
  EXPECT_TRUE(read_wish("a=b&List-Unsubscribe=One-Click\r\n"));
  EXPECT_TRUE(
      read_wish("--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n"
                "One-Click\r\n--x--\r\n"));
  EXPECT_EQ(read_wish("scope=all")->reach, Reach::all);
  EXPECT_EQ(read_wish("scope=list")->reach, Reach::list);
  for (const auto* body : {"", "=", "&&&", "scope=everything", "List-Unsubscribe=One-Clicks", "--", "--x"})
    EXPECT_FALSE(read_wish(body)) << body;
  EXPECT_FALSE(read_wish(std::string(100'000, '&') + "scope=all"));
}

TEST(UnsubscribeLanguage, IsTheFirstThereIs) {
  const auto languages = Languages::load("");
  ASSERT_TRUE(languages) << languages.error().text;
  EXPECT_EQ(languages->wanted("fr, de-AT;q=0.8, en").tag, "de");
  EXPECT_EQ(languages->wanted("EN-gb").tag, "en");
  EXPECT_EQ(languages->wanted("").tag, "en");
  EXPECT_EQ(languages->wanted(std::string(5000, ',') + "de").tag, "en");
  EXPECT_FALSE(Languages::load("/nonexistent-folder"));
}

}  // namespace
}  // namespace sluice::inbound
