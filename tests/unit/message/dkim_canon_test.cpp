#include "engine/message/dkim_canon.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sluice::message {
namespace {

template <class Body>
std::string canonical(std::vector<std::string_view> pieces) {
  Body body;
  std::string out;
  for (auto piece : pieces)
    while (!piece.empty()) out += body.take(piece);
  for (auto last = body.finish(); !last.empty(); last = body.finish()) out += last;
  return out;
}

std::string relaxed(std::string_view text) { return canonical<RelaxedBody>({text}); }
std::string simple(std::string_view text) { return canonical<SimpleBody>({text}); }

std::string field(std::string_view raw) {
  std::string out;
  append_relaxed_field(out, raw);
  return out;
}

// RFC 6376 3.4.4 line by line, the slow way.
std::string slow_relaxed(std::string text) {
  if (text.empty()) return text;
  if (!text.ends_with("\r\n")) text += "\r\n";
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\r\n", at);
    std::string line;
    for (auto c : text.substr(at, end - at)) {
      if (c == '\t') c = ' ';
      if (c != ' ' || !line.ends_with(' ')) line += c;
    }
    if (line.ends_with(' ')) line.pop_back();
    lines.push_back(line);
    at = end + 2;
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string out;
  for (const auto& line : lines) out += line + "\r\n";
  return out;
}

TEST(Canonicalization, MatchesTheExamplesOfRfc6376) {
  const std::string_view body = " C \r\nD \t E\r\n\r\n\r\n";
  EXPECT_EQ(relaxed(body), " C\r\nD E\r\n");
  EXPECT_EQ(simple(body), " C \r\nD \t E\r\n");
  EXPECT_EQ(field("A: X\r\n"), "a:X\r\n");
  EXPECT_EQ(field("B : Y\t\r\n\tZ  \r\n"), "b:Y Z\r\n");
}

TEST(Canonicalization, EmptyBodies) {
  EXPECT_EQ(relaxed(""), "");
  EXPECT_EQ(relaxed("\r\n\r\n"), "");
  EXPECT_EQ(relaxed(" \t\r\n \r\n"), "");
  EXPECT_EQ(simple(""), "\r\n");
  EXPECT_EQ(simple("\r\n\r\n"), "\r\n");
}

TEST(Canonicalization, ALastLineWithoutItsEndGetsOne) {
  EXPECT_EQ(relaxed("abc "), "abc\r\n");
  EXPECT_EQ(simple("abc "), "abc \r\n");
}

TEST(Canonicalization, OnlyCrlfEndsALine) {
  EXPECT_EQ(relaxed("a \rb \nc\r"), "a \rb \nc\r\r\n");
  EXPECT_EQ(simple("a\r\r\n\r\n"), "a\r\r\n");
}

TEST(Canonicalization, AnySplitGivesTheSame) {
  std::mt19937 random(11);
  const std::string_view alphabet = "ab  \t\r\n\r\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto n = random() % 90; n > 0; --n) {
      const auto at = random() % 8;
      text += at == 7   ? std::string("\r\n")
              : at == 6 ? std::string("some longer text ")
                        : std::string(1, alphabet[random() % alphabet.size()]);
    }
    std::vector<std::string_view> pieces;
    for (std::string_view rest = text; !rest.empty();) {
      const auto n = std::min<std::size_t>(rest.size(), random() % 40);
      pieces.push_back(rest.substr(0, n));
      rest.remove_prefix(n);
    }
    ASSERT_EQ(relaxed(text), slow_relaxed(text)) << testing::PrintToString(text);
    ASSERT_EQ(canonical<RelaxedBody>(pieces), slow_relaxed(text)) << testing::PrintToString(text);
    ASSERT_EQ(canonical<SimpleBody>(pieces), simple(text)) << testing::PrintToString(text);
  }
}

TEST(Canonicalization, ManyEmptyLinesInTheMiddleStay) {
  std::string text = "a\r\n";
  for (int i = 0; i < 50'000; ++i) text += "\r\n";
  EXPECT_EQ(relaxed(text), "a\r\n");
  EXPECT_EQ(relaxed(text + "\r"), text + "\r\r\n");
  EXPECT_EQ(relaxed(text + "b\r\n"), text + "b\r\n");
  EXPECT_EQ(simple(text + "b\r\n"), text + "b\r\n");
  EXPECT_EQ(simple(text + "\r"), text + "\r\r\n");
}

TEST(Canonicalization, LongTextsCrossTheBuffer) {
  std::string text;
  for (int i = 0; i < 9000; ++i)
    text += "word" + std::to_string(i % 13) + (i % 17 == 0 ? " \r\n" : i % 5 == 0 ? "\t " : " ");
  EXPECT_EQ(relaxed(text), slow_relaxed(text));
}

TEST(Canonicalization, FieldsKeepWhatIsNoBlank) {
  EXPECT_EQ(field("X"), "x:\r\n");
  EXPECT_EQ(field("X:"), "x:\r\n");
  EXPECT_EQ(field("X:\r\n \r\n a"), "x:a\r\n");
  EXPECT_EQ(field("X: a\rb"), "x:a\rb\r\n");
}

}  // namespace
}  // namespace sluice::message
