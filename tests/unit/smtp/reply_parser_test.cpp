#include "engine/smtp/reply_parser.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::smtp {
namespace {

using Status = ReplyParser::Status;

message::Reply parse(std::string_view bytes) {
  ReplyParser parser;
  const auto fed = parser.feed(bytes);
  EXPECT_EQ(fed.status, Status::complete) << bytes << parser.problem();
  EXPECT_EQ(fed.consumed, bytes.size());
  return parser.take();
}

std::string problem_of(std::string_view bytes, ReplyLimits limits = {}) {
  ReplyParser parser(limits);
  const auto fed = parser.feed(bytes);
  EXPECT_EQ(fed.status, Status::error) << bytes;
  EXPECT_EQ(parser.feed("250 ok\r\n").status, Status::error) << "an error must stay";
  return std::string(parser.problem());
}

TEST(ReplyParser, ReadsCodeEnhancedCodeAndText) {
  const auto reply = parse("550 5.1.1 No such user here\r\n");
  EXPECT_EQ(reply.code, 550);
  EXPECT_EQ(reply.enhanced, (message::EnhancedCode{5, 1, 1}));
  EXPECT_EQ(reply.text, "No such user here");
}

TEST(ReplyParser, JoinsLinesAndTakesTheCodesOffEach) {
  const auto reply = parse("550-5.7.26 This mail is\r\n550-5.7.26 unauthenticated\r\n550 5.7.26 a1si\r\n");
  EXPECT_EQ(reply.enhanced.text(), "5.7.26");
  EXPECT_EQ(reply.text, "This mail is\nunauthenticated\na1si");
}

TEST(ReplyParser, AcceptsMissingTextAndBareLineFeeds) {
  EXPECT_EQ(parse("250\r\n").code, 250);
  EXPECT_EQ(parse("250 \n").text, "");
  EXPECT_EQ(parse("250-\n250 x\n").text, "\nx");
}

TEST(ReplyParser, KeepsBytesOfTheTextAsTheyCame) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse("250 a\0b\x01\xff\r c\r\n"sv).text, "a\0b\x01\xff\r c"sv);
}

TEST(ReplyParser, TakesAnEnhancedCodeOnlyWhereItIsOne) {
  EXPECT_EQ(parse("250 2.0.0\r\n").enhanced.text(), "2.0.0");
  for (const char* text : {"4.1.1 other class", "5.1.1x", "5.1", "5.1.", "5..1 x", "5.1111.1 x", "x.1.1 y",
                           "192.0.2.1 is blocked", "5.1.1.1 x"}) {
    const auto reply = parse(std::string("550 ") + text + "\r\n");
    EXPECT_FALSE(reply.enhanced.present()) << text;
    EXPECT_EQ(reply.text, text);
  }
  EXPECT_FALSE(parse("354 3.0.0 go\r\n").enhanced.present()) << "RFC 3463 has no class 3";
}

TEST(ReplyParser, StopsBehindAReplyAndGoesOn) {
  ReplyParser parser;
  const std::string_view bytes = "250 one\r\n354-two\r\n354 three\r\n25";
  auto fed = parser.feed(bytes);
  ASSERT_EQ(fed.status, Status::complete);
  EXPECT_EQ(fed.consumed, 9u);
  EXPECT_EQ(parser.take().text, "one");
  fed = parser.feed(bytes.substr(9));
  ASSERT_EQ(fed.status, Status::complete);
  EXPECT_EQ(parser.take().text, "two\nthree");
  fed = parser.feed("25");
  EXPECT_EQ(fed.status, Status::need_more);
  EXPECT_EQ(fed.consumed, 0u);
}

TEST(ReplyParser, GivesTheSameForEverySplit) {
  const std::string bytes = "450-4.2.0 a\r\n450-\r\n450 4.2.0 c\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    ReplyParser parser;
    std::string pending;
    auto status = Status::need_more;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      ASSERT_EQ(status, Status::need_more);
      pending += bytes.substr(at, step);
      const auto fed = parser.feed(pending);
      pending.erase(0, fed.consumed);
      status = fed.status;
    }
    ASSERT_EQ(status, Status::complete) << step;
    EXPECT_EQ(parser.take(), parse(bytes));
  }
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const char* bytes :
       {"\r\n", "hello\r\n", "25 x\r\n", "2500 x\r\n", "250x\r\n", "150 x\r\n", "600 x\r\n", "000 x\r\n",
        " 250 x\r\n", "-50 x\r\n", "2\xb2 0 x\r\n", "250\tx\r\n"})
    EXPECT_NE(problem_of(bytes), "") << bytes;
}

TEST(ReplyParser, RefusesLinesWithDifferentCodes) {
  EXPECT_EQ(problem_of("250-a\r\n550 b\r\n"), "the lines of a reply have different codes");
}

TEST(ReplyParser, RefusesAnEndlessLineBeforeItEnds) {
  EXPECT_EQ(problem_of("250 " + std::string(2000, 'x')), "a reply line is too long");
  EXPECT_EQ(problem_of("250 " + std::string(2000, 'x') + "\r\n"), "a reply line is too long");
  EXPECT_EQ(parse("250 " + std::string(1994, 'x') + "\r\n").text.size(), 1994u);
}

TEST(ReplyParser, RefusesAnEndlessReply) {
  std::string bytes;
  while (bytes.size() <= 65536) bytes += "250-x\r\n";
  EXPECT_EQ(problem_of(bytes), "a reply is too long");
}

}  // namespace
}  // namespace sluice::smtp
