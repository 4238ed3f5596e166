#include "engine/dns/decode.hpp"

#include <gtest/gtest.h>

namespace sluice::dns {
namespace {

using namespace std::string_literals;

Answer decode(RecordType type, const std::vector<std::string>& records, std::size_t max = 100) {
  const std::vector<std::string_view> views(records.begin(), records.end());
  return decode_records(type, views, max);
}

TEST(DecodeRecords, ReadsEachType) {
  const auto mx = decode(RecordType::mx, {"\0\012\2MX\4test\0"s, "\1\0\0"s});
  ASSERT_EQ(mx.status, Status::found);
  EXPECT_EQ(mx.mx[0], (MxRecord{10, "mx.test"}));
  EXPECT_EQ(mx.mx[1], (MxRecord{256, "."}));
  EXPECT_EQ(decode(RecordType::a, {"\xc0\0\2\1"s}).addresses[0].to_string(), "192.0.2.1");
  const auto v6 = decode(RecordType::aaaa, {"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s});
  EXPECT_EQ(v6.addresses[0].to_string(), "2001:db8::1");
}

TEST(DecodeRecords, NoneIsNoRecords) { EXPECT_EQ(decode(RecordType::a, {}).status, Status::no_records); }

TEST(DecodeRecords, OneBadRecordFailsTheAnswer) {
  for (const auto& bad : {""s, "\0"s, "\0\1"s, "\0\1\2mx"s, "\0\1\2mx\0junk"s}) {
    const auto answer = decode(RecordType::mx, {"\0\012\2mx\0"s, bad});
    EXPECT_EQ(answer.status, Status::failed);
    EXPECT_TRUE(answer.mx.empty());
    EXPECT_FALSE(answer.text.empty());
  }
  EXPECT_EQ(decode(RecordType::a, {"\1\2\3"s}).status, Status::failed);
  EXPECT_EQ(decode(RecordType::aaaa, {"\1\2\3\4"s}).status, Status::failed);
}

TEST(DecodeRecords, ReadsNoMoreThanTheLimit) {
  const std::vector<std::string> many(1'000, "\1\2\3\4"s);
  EXPECT_EQ(decode(RecordType::a, many, 64).addresses.size(), 64U);
}

}  // namespace
}  // namespace sluice::dns
