#include "engine/smtp/client_content.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::smtp {
namespace {

using Pieces = std::vector<std::string_view>;

std::string wire(const Pieces& pieces, ContentForm form = ContentForm::raw,
                 ContentEnd end = ContentEnd::final_dot) {
  WireContent content;
  Message message{{}, pieces, form};
  EXPECT_TRUE(content.prepare(message, end));
  std::string out;
  for (const auto piece : content.pieces()) out += piece;
  EXPECT_EQ(out.size(), content.size());
  return out;
}

bool legal(const Pieces& pieces) { return scan_content(pieces).legal; }

TEST(WireContent, StuffsDotsAtLineStartsOverPieceBoundaries) {
  EXPECT_EQ(wire({".a\r\n", ".", ".b\r", "\n", ".\r\nc.d\r\n"}), "..a\r\n...b\r\n..\r\nc.d\r\n.\r\n");
  EXPECT_EQ(wire({"a\r\n", ".b\r\n"}), "a\r\n..b\r\n.\r\n");
  EXPECT_EQ(wire({"a", ".b\r\n"}), "a.b\r\n.\r\n");
}

TEST(WireContent, DoesNotStuffWhatIsStuffedOrGoesByChunk) {
  EXPECT_EQ(wire({"..a\r\n"}, ContentForm::stuffed), "..a\r\n.\r\n");
  EXPECT_EQ(wire({".a\r\n"}, ContentForm::raw, ContentEnd::chunk), ".a\r\n");
}

TEST(WireContent, EndsTheLastLine) {
  EXPECT_EQ(wire({"a"}), "a\r\n.\r\n");
  EXPECT_EQ(wire({"a"}, ContentForm::plain, ContentEnd::chunk), "a\r\n");
  EXPECT_EQ(wire({"a\r", "\n", ""}), "a\r\n.\r\n");
  EXPECT_EQ(wire({}), ".\r\n");
}

TEST(WireContent, CopiesNothingWhenNoLineBeginsWithADot) {
  const std::string text = "Subject: x\r\n\r\nhello\r\n";
  WireContent content;
  const Pieces pieces{text};
  ASSERT_TRUE(content.prepare({{}, pieces, ContentForm::raw}, ContentEnd::final_dot));
  EXPECT_EQ(content.pieces().front().data(), text.data());
}

TEST(ScanContent, RefusesBareLineEndsAndNul) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(legal({"a\r\n", "\r\n", "b\r", "\n"}));
  EXPECT_FALSE(legal({"a\n"}));
  EXPECT_FALSE(legal({"a\rb\r\n"}));
  EXPECT_FALSE(legal({"a\r", "b\r\n"}));
  EXPECT_FALSE(legal({"a\r\r\n"}));
  EXPECT_FALSE(legal({"a\r"}));
  EXPECT_FALSE(legal({"a", "\n"}));
  EXPECT_FALSE(legal({"a\0b\r\n"sv}));
  EXPECT_FALSE(legal({"smuggled\r\n.\n", "MAIL FROM:<x@y>\r\n"}));
}

TEST(ScanContent, CountsLinesOverPieces) {
  const std::string half(499, 'x');
  EXPECT_TRUE(legal({half, half, "\r\n"}));
  EXPECT_FALSE(legal({half, half, "x\r\n"}));
  EXPECT_TRUE(legal({half, "\r\n", half, half, "\r\n"}));
}

}  // namespace
}  // namespace sluice::smtp
