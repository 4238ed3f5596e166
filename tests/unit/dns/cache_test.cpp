#include "engine/dns/cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/base/random.hpp"

namespace sluice::dns {
namespace {

using std::chrono::seconds;

const Instant kStart = from_ms(1'800'000'000'000);

AnswerPtr answer(Status status, seconds ttl) {
  Answer a;
  a.status = status;
  a.ttl = ttl;
  return std::make_shared<const Answer>(a);
}

TEST(LruCache, DropsTheLongestUnusedEntryAtTheLimit) {
  LruCache<int> cache(3);
  for (int i = 0; i < 3; ++i) cache.put(std::to_string(i), i, kStart + seconds(10));
  EXPECT_TRUE(cache.find("0", kStart).has_value());
  cache.put("3", 3, kStart + seconds(10));
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(cache.evictions(), 1U);
  EXPECT_TRUE(cache.find("0", kStart).has_value());
  EXPECT_FALSE(cache.find("1", kStart).has_value());
}

TEST(LruCache, EntryEndsAtItsExpiry) {
  LruCache<int> cache(3);
  cache.put("a", 1, kStart + seconds(10));
  EXPECT_EQ(*cache.find("a", kStart + seconds(10) - Micros(1))->value, 1);
  EXPECT_FALSE(cache.find("a", kStart + seconds(10)).has_value());
  EXPECT_EQ(cache.size(), 0U);
}

TEST(LruCache, KeepsItsOrderThroughAnyMixOfOperations) {
  Random random(7);
  LruCache<int> cache(8);
  std::vector<std::string> order;  // newest first: the model
  for (int i = 0; i < 20'000; ++i) {
    const auto key = std::to_string(random.below(20));
    const auto at = std::ranges::find(order, key);
    const bool known = at != order.end();
    switch (random.below(3)) {
      case 0:
        cache.put(key, i, kStart + seconds(1));
        if (known) order.erase(at);
        order.insert(order.begin(), key);
        if (order.size() > 8) order.pop_back();
        break;
      case 1:
        ASSERT_EQ(cache.find(key, kStart).has_value(), known);
        if (known) std::rotate(order.begin(), at, at + 1);
        break;
      default:
        ASSERT_EQ(cache.erase(key), known);
        if (known) order.erase(at);
    }
    ASSERT_EQ(cache.size(), order.size());
  }
}

TEST(AnswerCache, ClampsTimesToLive) {
  CacheOptions options;
  options.min_ttl = seconds(5);
  options.max_ttl = seconds(100);
  options.min_negative_ttl = seconds(30);
  options.max_negative_ttl = seconds(60);
  options.failure_ttl = seconds(7);
  AnswerCache cache(options);
  const Question q{"example.test", RecordType::mx};
  const auto lifetime = [&](Status status, int ttl) {
    return (cache.put(q, answer(status, seconds(ttl)), kStart).expires - kStart) / seconds(1);
  };
  EXPECT_EQ(lifetime(Status::found, 0), 5);
  EXPECT_EQ(lifetime(Status::found, 50), 50);
  EXPECT_EQ(lifetime(Status::found, 1'000'000), 100);
  EXPECT_EQ(lifetime(Status::no_domain, 1), 30);
  EXPECT_EQ(lifetime(Status::no_records, 1'000), 60);
  EXPECT_EQ(lifetime(Status::failed, 1'000), 7);
  EXPECT_EQ(lifetime(Status::bogus, 0), 7);
}

TEST(AnswerCache, KeepsTypesApart) {
  AnswerCache cache(CacheOptions{});
  cache.put({"example.test", RecordType::a}, answer(Status::found, seconds(60)), kStart);
  EXPECT_TRUE(cache.find({"example.test", RecordType::a}, kStart).has_value());
  EXPECT_FALSE(cache.find({"example.test", RecordType::aaaa}, kStart).has_value());
  EXPECT_FALSE(cache.find({"example.test", RecordType::mx}, kStart).has_value());
}

}  // namespace
}  // namespace sluice::dns
