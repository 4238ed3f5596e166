#include "engine/base/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

TEST(Bytes, RoundTripsEveryForm) {
  std::string out;
  put_u8(out, 200);
  put_be<4>(out, 0xdeadbeef);
  put_varint(out, 0);
  put_varint(out, 300);
  put_varint(out, std::numeric_limits<std::uint64_t>::max());
  put_string(out, "shop.test");
  ByteReader in(out);
  EXPECT_EQ(in.u8(), 200);
  EXPECT_EQ(in.be<4>(), 0xdeadbeefU);
  EXPECT_EQ(in.varint(), 0U);
  EXPECT_EQ(in.varint(), 300U);
  EXPECT_EQ(in.varint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(in.string(), "shop.test");
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
}

TEST(Bytes, BigEndianSortsAsNumbersDo) {
  std::string small;
  std::string large;
  put_be<5>(small, 255);
  put_be<5>(large, 256);
  EXPECT_LT(small, large);
}

TEST(Bytes, ATornStringIsNotRead) {
  std::string out;
  put_string(out, "recipient@shop.test");
  out.pop_back();
  ByteReader in(out);
  EXPECT_EQ(in.string(), "");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0) << "after the first failure every read is empty";
}

TEST(Bytes, AVarintThatNeverEndsIsRefused) {
  const std::string endless(11, '\xff');
  ByteReader in(endless);
  in.varint();
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace sluice
