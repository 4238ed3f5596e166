#include "engine/dns/site.hpp"

#include <gtest/gtest.h>

namespace sluice::dns {
namespace {

TEST(Site, OfOneHostIsTheHost) {
  EXPECT_EQ(site_of({"mx.example.net"}), "mx.example.net");
  EXPECT_EQ(site_of({"mx.example.net", "mx.example.net"}), "mx.example.net");
  EXPECT_EQ(site_of({}), "");
}

TEST(Site, DependsOnTheSetAndNotOnItsOrder) {
  EXPECT_EQ(site_of({"b.test", "a.test", "c.test"}), site_of({"c.test", "b.test", "a.test", "b.test"}));
  EXPECT_NE(site_of({"a.test", "b.test"}), site_of({"a.test", "c.test"}));
  EXPECT_NE(site_of({"a.test", "b.test"}), site_of({"a.test", "b.test", "c.test"}));
}

// Policies and events hold these strings: a change here loses their meaning.
TEST(Site, FormIsFrozen) {
  EXPECT_EQ(site_of({"mx2.example.net", "mx1.example.net", "mx3.example.net"}),
            "mx1.example.net+2:8feb7f1a469b");
}

}  // namespace
}  // namespace sluice::dns
