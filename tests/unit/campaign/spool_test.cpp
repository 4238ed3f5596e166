#include "engine/campaign/spool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "campaign_fixture.hpp"
#include "engine/campaign/intake.hpp"

namespace sluice::campaign {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class SpoolTest : public testing::Test {
 protected:
  SpoolTest() : spool(Spool::open(root.path() + "/spool").value()) {}

  void drop(const std::string& name) const { test::write_campaign(root, "spool/incoming/" + name); }
  Intake take(const std::string& name, Answer answer = {}) {
    return take_in(spool, name, {}, [&](Offer& offer) {
      ++asked;
      offered = offer.active_name;
      identity = offer.identity;
      // Accepted before it is moved: on a crash here the store knows where it is.
      EXPECT_TRUE(spool.exists(Place::incoming, name));
      return answer;
    });
  }

  test::TemporaryDirectory root;
  Spool spool;
  int asked = 0;
  std::string offered;
  DirectoryIdentity identity;
};

TEST_F(SpoolTest, GoodCampaignIsAcceptedThenMoved) {
  drop("a");
  const auto taken = take("a");
  EXPECT_EQ(taken.kind, Intake::Kind::accepted);
  EXPECT_EQ(taken.name, "a");
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(root.has("spool/active/a/campaign.toml"));
  EXPECT_FALSE(root.has("spool/incoming/a"));
}

TEST_F(SpoolTest, BadCampaignIsRejectedWithItsReasonAndNobodyIsAsked) {
  drop("a");
  root.write("spool/incoming/a/campaign.toml", "recipient = 1\n");
  const auto taken = take("a");
  EXPECT_EQ(taken.kind, Intake::Kind::rejected);
  EXPECT_EQ(asked, 0);
  EXPECT_THAT(root.read("spool/rejected/a/reason.txt"),
              HasSubstr("campaign.toml:1:1: unknown key `recipient`; did you mean `recipients`?"));
  EXPECT_FALSE(root.has("spool/incoming/a"));
}

TEST_F(SpoolTest, RefusalBlamesTheKey) {
  drop("a");
  const auto taken = take("a", {Answer::Kind::refused, "the domain shop.test is not yours", "from"});
  EXPECT_EQ(taken.kind, Intake::Kind::rejected);
  EXPECT_THAT(root.read("spool/rejected/a/reason.txt"), HasSubstr("campaign.toml:1:8: the domain shop.test"));
}

TEST_F(SpoolTest, LaterLeavesEverythingInPlace) {
  drop("a");
  EXPECT_EQ(take("a", {Answer::Kind::later, "disk full", {}}).kind, Intake::Kind::later);
  EXPECT_TRUE(root.has("spool/incoming/a/campaign.toml"));
  EXPECT_EQ(take("a").kind, Intake::Kind::accepted);
}

TEST_F(SpoolTest, TakenNamesGetASuffix) {
  for (const char* expected : {"a", "a-2", "a-3"}) {
    drop("a");
    const auto taken = take("a");
    EXPECT_EQ(taken.name, expected);
    EXPECT_EQ(offered, expected);
  }
  const std::string longest(100, 'n');
  drop(longest);
  EXPECT_EQ(take(longest).name, longest);
  drop(longest);
  EXPECT_EQ(take(longest).name, std::string(98, 'n') + "-2");
}

TEST_F(SpoolTest, FinishesAMoveThatACrashCutOff) {
  drop("a");
  const auto accepted = spool.identity(Place::incoming, "a").value();
  EXPECT_EQ(spool.finish_acceptance("a", "a-2", accepted).value(), "a-2");
  EXPECT_TRUE(root.has("spool/active/a-2/campaign.toml"));
  EXPECT_EQ(spool.finish_acceptance("a", "a-2", accepted).value(), "a-2");  // again: nothing left to do
}

TEST_F(SpoolTest, LaterDirectoryOfTheSameNameIsNotMistakenForTheAcceptedOne) {
  drop("a");
  const auto accepted = spool.identity(Place::incoming, "a").value();
  fs::rename(root.path() + "/spool/incoming/a", root.path() + "/elsewhere");
  drop("a");
  const auto finished = spool.finish_acceptance("a", "a", accepted);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::not_found);
  EXPECT_TRUE(root.has("spool/incoming/a"));
}

TEST_F(SpoolTest, DirectoryReplacedDuringAcceptanceIsNotMoved) {
  drop("a");
  const auto taken = take_in(spool, "a", {}, [&](Offer&) {
    fs::rename(root.path() + "/spool/incoming/a", root.path() + "/elsewhere");
    drop("a");
    return Answer{};
  });
  EXPECT_EQ(taken.kind, Intake::Kind::later);
  EXPECT_TRUE(root.has("spool/incoming/a"));
  EXPECT_FALSE(root.has("spool/active/a"));
}

TEST_F(SpoolTest, GoneBeforeItWasLookedAtIsNoFault) { EXPECT_EQ(take("a").kind, Intake::Kind::gone); }

TEST_F(SpoolTest, FilesLinksAndOddNamesAreRejectedBeside) {
  root.write("spool/incoming/file", "x");
  EXPECT_EQ(take("file").kind, Intake::Kind::rejected);
  EXPECT_EQ(root.read("spool/rejected/file"), "x");
  EXPECT_THAT(root.read("spool/rejected/file.reason.txt"), HasSubstr("no directory"));

  test::write_campaign(root, "outside");
  fs::create_symlink(root.path() + "/outside", root.path() + "/spool/incoming/link");
  EXPECT_EQ(take("link").kind, Intake::Kind::rejected);
  EXPECT_TRUE(root.has("spool/rejected/link.reason.txt"));
  EXPECT_FALSE(root.has("outside/reason.txt"));

  drop("a b\n");
  EXPECT_EQ(take("a b\n").kind, Intake::Kind::rejected);
  EXPECT_THAT(root.read("spool/rejected/a_b_/reason.txt"), HasSubstr("letters, digits"));
}

TEST_F(SpoolTest, ReasonDoesNotFollowALinkLaidInItsPlace) {
  drop("a");
  root.write("victim", "precious");
  root.write("spool/incoming/a/campaign.toml", "x = 1\n");
  fs::create_symlink(root.path() + "/victim", root.path() + "/spool/incoming/a/reason.txt");
  fs::create_symlink(root.path() + "/victim", root.path() + "/spool/incoming/a/.reason.txt.tmp");
  EXPECT_EQ(take("a").kind, Intake::Kind::rejected);
  EXPECT_EQ(root.read("victim"), "precious");
  EXPECT_THAT(root.read("spool/rejected/a/reason.txt"), HasSubstr("unknown key"));
}

TEST_F(SpoolTest, MoveNeverReplaces) {
  root.write("spool/active/a/x", "");
  root.write("spool/done/a/old", "");
  EXPECT_EQ(spool.move(Place::active, "a", Place::done, "a").value(), "a-2");
  EXPECT_TRUE(root.has("spool/done/a/old"));
  EXPECT_TRUE(root.has("spool/done/a-2/x"));
  EXPECT_EQ(spool.move(Place::active, "a", Place::done, "a").error().code, ErrorCode::not_found);
}

TEST(IgnoredNames, AreHiddenOrUnfinished) {
  for (const char* name : {".a", "a.tmp", "a.part", ""}) EXPECT_TRUE(ignored_name(name)) << name;
  for (const char* name : {"a", "a.tmp.b", "tmp", "part"}) EXPECT_FALSE(ignored_name(name)) << name;
}

}  // namespace
}  // namespace sluice::campaign
