#include "engine/smtp/server_scanner.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sluice::smtp {
namespace {

struct Found {
  bool ended = false;
  bool bare = false;
  bool long_line = false;
  std::uint64_t scanned = 0;
  std::uint64_t stuffed = 0;
  std::uint64_t first = 0;
  friend bool operator==(const Found&, const Found&) = default;
};

constexpr std::size_t kMaxLine = 70;

/// The definition, byte by byte.
Found slow(std::string_view bytes) {
  Found out;
  std::size_t line = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool start = i == 0 || (i >= 2 && bytes.substr(i - 2, 2) == "\r\n");
    if (start && bytes.substr(i, 3) == ".\r\n") {
      out.ended = true;
      return out;
    }
    if (start && bytes[i] == '.') {
      if (std::string_view(".\r\n").starts_with(bytes.substr(i))) return out;  // undecided
      if (out.stuffed++ == 0) out.first = i;
    }
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) out.bare = true;
    if (i > 0 && bytes[i - 1] == '\r' && bytes[i] != '\n') out.bare = true;
    ++line;
    if (line > kMaxLine) out.long_line = true;
    if (bytes[i] == '\n' && i > 0 && bytes[i - 1] == '\r') line = 0;
    ++out.scanned;
  }
  return out;
}

Found fast(std::string_view bytes, std::mt19937& random, bool whole) {
  TextScanner scanner(TextScanner::Framing::dots, kMaxLine);
  std::size_t done = 0;
  for (std::size_t end = whole ? bytes.size() : 0; !scanner.ended();) {
    done += scanner.scan(bytes.substr(done, end - done));
    if (end == bytes.size()) break;
    end = std::min(bytes.size(), end + 1 + random() % 90);
  }
  return {scanner.ended(),         scanner.bare_line_end(), scanner.line_too_long(),
          scanner.scanned_bytes(), scanner.stuffed_dots(),  scanner.first_stuffed()};
}

TEST(TextScanner, AgreesWithTheDefinitionOnRandomBytesInRandomPieces) {
  std::mt19937 random(7);
  for (int round = 0; round < 30'000; ++round) {
    // Few kinds of bytes, so that all neighbours happen; CRLF is made likely.
    std::string bytes;
    const auto length = random() % 300;
    while (bytes.size() < length) {
      const auto kind = random() % (round % 3 == 0 ? 40 : 6);
      bytes += kind == 0                         ? "\r\n"
               : kind == 1                       ? "."
               : kind == 2 && random() % 20 == 0 ? "\r"
               : kind == 3 && random() % 20 == 0 ? "\n"
                                                 : "x";
    }
    const auto expected = slow(bytes);
    ASSERT_EQ(fast(bytes, random, true), expected) << ::testing::PrintToString(bytes);
    ASSERT_EQ(fast(bytes, random, false), expected) << ::testing::PrintToString(bytes);
  }
}

TEST(TextScanner, StopsBehindTheTerminator) {
  TextScanner scanner(TextScanner::Framing::dots, 1000);
  EXPECT_EQ(scanner.scan("a\r\n.\r\nMAIL FROM:<>\r\n\n\n"), 6U);
  EXPECT_TRUE(scanner.ended());
  EXPECT_FALSE(scanner.bare_line_end()) << "what follows is not the text's";
  EXPECT_EQ(scanner.scanned_bytes(), 3U);
}

TEST(TextScanner, CountsATrailingCrOnlyAtTheEnd) {
  TextScanner scanner(TextScanner::Framing::counted, 1000);
  scanner.scan("abc\r");
  EXPECT_FALSE(scanner.bare_line_end());
  scanner.finish();
  EXPECT_TRUE(scanner.bare_line_end());
}

}  // namespace
}  // namespace sluice::smtp
