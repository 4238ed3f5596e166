#include <gtest/gtest.h>

#include "engine/shaping/broken_tls.hpp"
#include "engine/shaping/greylist.hpp"

namespace sluice::shaping {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Instant kStart = from_ms(1'800'000'000'000);
const std::vector<Millis> kLadder{minutes(1), minutes(5), minutes(15)};

TEST(Greylist, WalksItsLadderWhereNothingIsKnown) {
  Greylist greylist(kLadder, {});
  EXPECT_EQ(greylist.wait("mx", 1, kStart), minutes(1));
  EXPECT_EQ(greylist.wait("mx", 2, kStart), minutes(5));
  EXPECT_EQ(greylist.wait("mx", 9, kStart), minutes(15));
}

TEST(Greylist, AsksAgainAfterTheDelayThatWorked) {
  Greylist greylist(kLadder, {});
  greylist.passed("mx", 2, kStart);
  EXPECT_EQ(greylist.wait("mx", 1, kStart), minutes(6));
  EXPECT_EQ(greylist.wait("other", 1, kStart), minutes(1));
  greylist.passed("mx", 1, kStart);
  EXPECT_EQ(greylist.wait("mx", 1, kStart), minutes(6)) << "it worked again";
  greylist.passed("mx", 2, kStart);
  EXPECT_EQ(greylist.wait("mx", 1, kStart), minutes(11)) << "it took longer this time";
}

TEST(Greylist, ForgetsAndIsBounded) {
  Options options;
  options.max_greylist_sites = 2;
  Greylist greylist(kLadder, options);
  greylist.passed("a", 2, kStart);
  EXPECT_FALSE(greylist.remembered("a", kStart + options.greylist_keep));
  for (const auto* site : {"a", "b", "c"}) greylist.passed(site, 2, kStart);
  EXPECT_FALSE(greylist.remembered("a", kStart));
  EXPECT_TRUE(greylist.remembered("c", kStart));
}

TEST(Greylist, NeverRemembersMoreThanTwoHours) {
  Greylist greylist({hours(1)}, {});
  greylist.passed("mx", 60'000, kStart);
  EXPECT_EQ(greylist.wait("mx", 1, kStart), hours(2));
}

TEST(BrokenTls, IsRememberedPerHostUntilItsEnd) {
  BrokenTls hosts{Options{}};
  EXPECT_FALSE(hosts.knows("mx1", kStart));
  EXPECT_EQ(hosts.add("mx1", kStart), kStart + hours(24));
  EXPECT_FALSE(hosts.add("mx1", kStart)) << "told once";
  EXPECT_TRUE(hosts.knows("mx1", kStart + hours(23)));
  EXPECT_FALSE(hosts.knows("mx2", kStart));
  EXPECT_FALSE(hosts.knows("mx1", kStart + hours(24)));
  EXPECT_FALSE(hosts.add("", kStart));
}

TEST(BrokenTls, IsForgottenWhenAPersonSaysSo) {
  BrokenTls hosts{Options{}};
  hosts.add("mx1", kStart);
  EXPECT_TRUE(hosts.forget("mx1"));
  EXPECT_FALSE(hosts.forget("mx1"));
  EXPECT_FALSE(hosts.knows("mx1", kStart));
}

}  // namespace
}  // namespace sluice::shaping
