#include "engine/net/buffer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace sluice::net {
namespace {

void put(ReadBuffer& buffer, std::string_view bytes) {
  while (!bytes.empty()) {
    auto room = buffer.prepare(bytes.size());
    ASSERT_FALSE(room.empty());
    const auto n = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), n);
    buffer.commit(n);
    bytes.remove_prefix(n);
  }
}

TEST(ReadBuffer, GivesLinesWithoutTheirEnds) {
  ReadBuffer buffer(1024);
  put(buffer, "one\r\ntwo\n\r\nrest");
  EXPECT_EQ(buffer.take_line(), "one");
  EXPECT_EQ(buffer.take_line(), "two");
  EXPECT_EQ(buffer.take_line(), "");
  EXPECT_FALSE(buffer.take_line());
  put(buffer, " of it\n");
  EXPECT_EQ(buffer.take_line(), "rest of it");
  EXPECT_TRUE(buffer.empty());
}

TEST(ReadBuffer, RefusesMoreThanItsCap) {
  ReadBuffer buffer(8, 2);
  put(buffer, "12345678");
  EXPECT_TRUE(buffer.full());
  EXPECT_TRUE(buffer.prepare(1).empty());
  buffer.consume(3);
  EXPECT_EQ(buffer.prepare(100).size(), 3u);
  EXPECT_EQ(buffer.unread(), "45678");
}

TEST(ReadBuffer, KeepsUnreadBytesWhileItGrowsAndMoves) {
  ReadBuffer buffer(1 << 20, 4);
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const auto line = "line " + std::to_string(i) + "\n";
    put(buffer, line);
    if (i % 3 == 0) {
      const auto got = buffer.take_line();
      ASSERT_TRUE(got);
    }
  }
  int lines = 0;
  while (buffer.take_line()) ++lines;
  EXPECT_EQ(lines, 2000 - 667);
  buffer.release_if_empty();
  put(buffer, "x\n");
  EXPECT_EQ(buffer.take_line(), "x");
}

}  // namespace
}  // namespace sluice::net
