#include "queue/record.hpp"

#include <gtest/gtest.h>

namespace sluice::queue {
namespace {

std::string encoded(const RecordValue& value) {
  std::string out;
  value.append_to(out);
  return out;
}

void expect_same(const RecordValue& value) {
  const auto bytes = encoded(value);
  const auto back = RecordValue::decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->local, value.local);
  EXPECT_EQ(back->accepted_ms, value.accepted_ms);
  EXPECT_EQ(back->trail, value.trail);
  EXPECT_EQ(back->payload, value.payload);
}

TEST(RecordValue, ComesBackAsItWentIn) {
  expect_same({"ada", 1'764'000'000'000, {}, "payload"});
  expect_same({"", 0, {}, ""});
  expect_same({std::string(300, 'l'),
               1,
               {.attempts = 65535, .doubts = 255, .source = 65535, .held = true, .greylisted = true},
               std::string("\0\xff", 2)});
  expect_same({"a", 1, {.held = true}, ""});  // flags without the numbers
  expect_same({"a", 1, {.source = 3}, "p"});
}

TEST(RecordValue, AnyFlippedBitIsFound) {
  const auto bytes = encoded({"ada", 1'764'000'000'000, {.attempts = 2, .source = 1}, "payload"});
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_FALSE(RecordValue::decode(damaged)) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(RecordValue, AnyCutIsFound) {
  const auto bytes = encoded({"ada", 1'764'000'000'000, {}, "payload"});
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(RecordValue::decode(std::string_view(bytes).substr(0, cut))) << cut;
  }
}

TEST(Page, KeepsRecordsReadableWhileItGrows) {
  Page page;
  std::vector<std::string> keys;
  for (Row row = 0; row < 500; ++row) {
    const std::string domain = "d" + std::to_string(row) + ".test";
    const std::string local = "user" + std::to_string(row);
    const auto key = RecordKey{1, Phase::first, 0, domain, row}.encode();
    ASSERT_TRUE(page.add(key, encoded({local, 5, {}, std::string(row % 90, 'p')})));
  }
  ASSERT_EQ(page.size(), 500U);
  for (Row row = 0; row < 500; ++row) {
    const auto& record = page.records()[row];
    EXPECT_EQ(record.address(), "user" + std::to_string(row) + "@d" + std::to_string(row) + ".test");
    EXPECT_EQ(record.value.payload.size(), row % 90);
  }
  EXPECT_GE(page.bytes(), 500U * 20);
}

TEST(Page, TakesARecordLargerThanAChunk) {
  Page page;
  const std::string payload(200'000, 'x');
  ASSERT_TRUE(page.add(RecordKey{1, Phase::first, 0, "d.test", 1}.encode(), encoded({"a", 1, {}, payload})));
  EXPECT_EQ(page.records()[0].value.payload, payload);
}

TEST(Page, RefusesDamageAndStaysAsItWas) {
  Page page;
  const auto key = RecordKey{1, Phase::first, 0, "d.test", 1}.encode();
  const auto value = encoded({"a", 1, {}, "p"});
  EXPECT_FALSE(page.add(key.substr(1), value));
  EXPECT_FALSE(page.add(key, value.substr(1)));
  EXPECT_FALSE(page.add("", ""));
  EXPECT_EQ(page.size(), 0U);
  EXPECT_TRUE(page.add(key, value));
}

TEST(Record, IdComesFromWhatNeverChanges) {
  Page page;
  const std::string first = encoded({"a", 1'764'000'000'000, {}, "p"});
  const std::string later = encoded({"a", 1'764'000'000'000, {.attempts = 3, .source = 2}, "p"});
  ASSERT_TRUE(page.add(RecordKey{9, Phase::first, 0, "d.test", 77}.encode(), first));
  ASSERT_TRUE(page.add(RecordKey{9, Phase::retry, 123, "d.test", 77}.encode(), later));
  EXPECT_EQ(page.records()[0].id(4), page.records()[1].id(4))
      << "a retry has the Message-ID of the first attempt";
  EXPECT_EQ(page.records()[0].id(4).row(), 77U);
  EXPECT_EQ(page.records()[0].id(4).stream(), 9U);
}

}  // namespace
}  // namespace sluice::queue
