#include "queue/key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::queue {
namespace {

using namespace std::string_literals;

RecordKey first(StreamId stream, std::string_view domain, Row row) {
  return {stream, Phase::first, 0, domain, row};
}
RecordKey retry(StreamId stream, DueSecond due, std::string_view domain, Row row) {
  return {stream, Phase::retry, due, domain, row};
}

void expect_same(const RecordKey& key) {
  const auto bytes = key.encode();
  const auto back = RecordKey::decode(bytes);
  ASSERT_TRUE(back) << key.domain;
  EXPECT_EQ(back->stream, key.stream);
  EXPECT_EQ(back->phase, key.phase);
  EXPECT_EQ(back->due, key.due);
  EXPECT_EQ(back->domain, key.domain);
  EXPECT_EQ(back->row, key.row);
}

TEST(RecordKey, ComesBackAsItWentIn) {
  expect_same(first(1, "a", 0));
  expect_same(first(UINT32_MAX, "example.test", kMaxRow));
  expect_same(retry(7, 0, "example.test", 1));
  expect_same(retry(7, UINT32_MAX, std::string(255, 'x'), kMaxRow));
}

TEST(RecordKey, SortsByLaneThenRow) {
  const std::vector<std::string> in_order{
      first(1, "a.test", 0).encode(),
      first(1, "a.test", 1).encode(),
      first(1, "a.test", 256).encode(),
      first(1, "a.test.b", 0).encode(),  // a domain that begins with another is a lane of its own behind it
      first(1, "b.test", 0).encode(),
      retry(1, 100, "z.test", 0).encode(),
      retry(1, 101, "a.test", 0).encode(),
      first(2, "a.test", 0).encode(),
  };
  EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end()));
}

TEST(RecordKey, BoundsHoldExactlyTheirKeys) {
  const auto key = first(1, "a.test", 5);
  EXPECT_LT(phase_begin(1, Phase::first), key.encode());
  EXPECT_LT(first(1, "a.test", kMaxRow).encode(), behind_domain(key));
  EXPECT_LT(behind_domain(key), first(1, "a.test-b", 0).encode());
  EXPECT_LT(first(1, "zz", kMaxRow).encode(), phase_end(1, Phase::first));
  EXPECT_LE(phase_end(1, Phase::first), phase_begin(1, Phase::retry));
  EXPECT_LT(retry(1, UINT32_MAX, "zz", kMaxRow).encode(), phase_end(1, Phase::retry));
  EXPECT_LT(phase_end(1, Phase::retry), phase_begin(2, Phase::first));
}

TEST(RecordKey, BehindDuePartsTheDueFromTheLater) {
  EXPECT_LT(retry(1, 100, "zz", kMaxRow).encode(), behind_due(1, 100));
  EXPECT_LE(behind_due(1, 100), retry(1, 101, "a", 0).encode());
  EXPECT_LT(retry(1, UINT32_MAX, "zz", kMaxRow).encode(), behind_due(1, UINT32_MAX));
}

TEST(RecordKey, RefusesEveryShorterAndDamagedForm) {
  const auto bytes = retry(3, 9, "d.test", 4).encode();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto back = RecordKey::decode(std::string_view(bytes).substr(0, cut));
    EXPECT_FALSE(back) << "cut to " << cut << " bytes";
  }
  auto phase = bytes;
  phase[4] = 2;
  EXPECT_FALSE(RecordKey::decode(phase));
  auto separator = first(3, "d.test", 4).encode();
  separator[separator.size() - 6] = 'x';
  EXPECT_FALSE(RecordKey::decode(separator));
  EXPECT_FALSE(RecordKey::decode(first(3, "d\0t"s, 4).encode())) << "a domain holds no zero byte";
  EXPECT_FALSE(RecordKey::decode(first(3, "", 4).encode())) << "a lane has a domain";
  EXPECT_FALSE(RecordKey::decode(first(3, std::string(256, 'x'), 4).encode()));
}

TEST(DueSecond, IsNeverEarly) {
  EXPECT_EQ(to_due_second(Instant(Micros(1'000'001))), 2U);
  EXPECT_EQ(to_due_second(Instant(Micros(2'000'000))), 2U);
  EXPECT_EQ(to_instant(2), Instant(Micros(2'000'000)));
}

}  // namespace
}  // namespace sluice::queue
