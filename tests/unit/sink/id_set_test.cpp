#include "engine/sink/id_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

#include "engine/sink/hash.hpp"

namespace sluice::sink {
namespace {

TEST(IdSet, AgreesWithASet) {
  std::mt19937_64 random(3);
  IdSet ids(1 << 20);
  std::set<std::pair<std::uint64_t, std::uint64_t>> model;
  for (int i = 0; i < 60'000; ++i) {
    // A small universe, neighbours that collide, and the all-zero key.
    const Key key{random() % 50, random() % 200};
    const bool fresh = model.insert({key.high, key.low}).second;
    ASSERT_EQ(ids.add(key), fresh ? IdSet::Added::fresh : IdSet::Added::known);
  }
  EXPECT_EQ(ids.size(), model.size());
}

TEST(IdSet, StopsRememberingAtItsCapButKnowsWhatItHas) {
  IdSet ids(100);
  for (std::uint64_t i = 1; i <= 100; ++i) ASSERT_EQ(ids.add({0, mix(i)}), IdSet::Added::fresh);
  EXPECT_EQ(ids.add({0, mix(101)}), IdSet::Added::full);
  EXPECT_EQ(ids.add({0, mix(101)}), IdSet::Added::full);
  EXPECT_EQ(ids.add({0, mix(50)}), IdSet::Added::known);
  EXPECT_EQ(ids.size(), 100U);
}

TEST(IdSet, TakesAtMost32BytesAKeyOnceLarge) {
  IdSet ids(1 << 20);
  for (std::uint64_t i = 0; i < 300'000; ++i) ids.add({mix(i), mix(~i)});
  EXPECT_LE(ids.memory_bytes(), ids.size() * 37);
  EXPECT_GE(ids.memory_bytes(), ids.size() * 16);
}

}  // namespace
}  // namespace sluice::sink
