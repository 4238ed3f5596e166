#include "engine/message/encoding.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sluice::message {
namespace {

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

std::string qp(std::string_view text) {
  std::string out;
  append_quoted_printable(out, text);
  return out;
}

// RFC 2045 6.7, written apart from the encoder.
std::string unqp(std::string_view body) {
  std::string out;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '=') {
      out += body[i];
    } else if (body.substr(i).starts_with("=\r\n")) {
      i += 2;
    } else {
      out += static_cast<char>(std::stoi(std::string(body.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
  }
  return out;
}

void expect_legal_lines(std::string_view body) {
  for (const char c : body) ASSERT_TRUE((c >= 0x20 && c <= 0x7e) || c == '\t' || c == '\r' || c == '\n');
  while (!body.empty()) {
    const auto end = body.find("\r\n");
    ASSERT_NE(end, std::string_view::npos);
    const auto line = body.substr(0, end);
    EXPECT_LE(line.size(), 76U) << line;
    EXPECT_FALSE(line.starts_with('.')) << line;
    EXPECT_FALSE(line.starts_with("From ")) << line;
    EXPECT_FALSE(line.ends_with(' ') || line.ends_with('\t')) << line;
    EXPECT_EQ(line.find_first_of("\r\n"), std::string_view::npos);
    body.remove_prefix(end + 2);
  }
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, LinesHave76ColumnsAndDecodeBack) {
  const std::string bytes(1000, '\xff');
  std::string out;
  append_base64_lines(out, bytes);
  expect_legal_lines(out);
  EXPECT_EQ(out.find("\r\n"), 76U);
  EXPECT_EQ(decode_base64(out), bytes);
}

TEST(Base64, DecodeRefusesWhatIsNoBase64) {
  EXPECT_EQ(decode_base64("Zm9v YmFy\r\n"), "foobar");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  for (const auto bad : {"Z", "Zg", "Zg=", "Zg===", "Zm9v=", "Z!==", "Zg==Zg==", "====", "Zm8*"})
    EXPECT_FALSE(decode_base64(bad)) << bad;
}

TEST(QuotedPrintable, EscapesWhatMustNotPass) {
  EXPECT_EQ(qp("a=b"), "a=3Db=\r\n");
  EXPECT_EQ(qp("h\xC3\xA9"), "h=C3=A9=\r\n");
  EXPECT_EQ(qp(".\n..\n"), "=2E\r\n=2E.\r\n");
  EXPECT_EQ(qp("From me\nFrom"), "=46rom me\r\nFrom=\r\n");
  EXPECT_EQ(qp("end \r\nx\t\n"), "end=20\r\nx=09\r\n");
  EXPECT_EQ(qp("a\rb\r\n"), "a\r\nb\r\n");
  EXPECT_EQ(qp(""), "");
}

TEST(QuotedPrintable, NoDotStartsALineWhereverItWraps) {
  for (std::size_t n = 70; n < 80; ++n) {
    const auto out = qp(std::string(n, 'a') + std::string(160, '.'));
    expect_legal_lines(out);
  }
}

TEST(QuotedPrintable, PiecesJoinToTheWholeText) {
  std::mt19937 random(7);
  const std::string_view alphabet = "abc .=\t\r\n\xC3\xA9 F.From ";
  for (int round = 0; round < 2000; ++round) {
    std::string whole, body;
    for (int piece = 0; piece < 5; ++piece) {
      std::string text;
      for (auto n = random() % 120; n > 0; --n) text += alphabet[random() % alphabet.size()];
      // A CRLF cut in two is two breaks: literals and values are given whole.
      if (text.ends_with('\r')) text.pop_back();
      if (random() % 2 == 0)
        append_quoted_printable(body, text);
      else
        join_quoted_printable(body, text);
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
        whole += text[i] == '\r' || text[i] == '\n' ? std::string("\r\n") : std::string(1, text[i]);
      }
    }
    expect_legal_lines(body);
    ASSERT_EQ(unqp(body), whole);
  }
}

TEST(QuotedPrintable, JoinedPiecesGoOnInTheLine) {
  const auto joined = [](std::string_view first, std::string_view then) {
    auto out = qp(first);
    join_quoted_printable(out, then);
    return out;
  };
  EXPECT_EQ(joined("Hello ", "Ada"), "Hello Ada=\r\n");
  EXPECT_EQ(joined("Hello\n", "Ada"), "Hello\r\nAda=\r\n");
  EXPECT_EQ(joined("Hello ", "\nAda"), "Hello =\r\n\r\nAda=\r\n");
  EXPECT_EQ(joined("From", " me"), "From=\r\n me=\r\n");
  EXPECT_EQ(joined("a", ""), "a=\r\n");
  EXPECT_EQ(joined("", ".a"), "=2Ea=\r\n");
  EXPECT_EQ(joined("x\n.", "."), "x\r\n=2E.=\r\n");
  expect_legal_lines(joined(std::string(70, 'a'), "\xC3\xA9\xC3\xA9......"));
}

TEST(QuotedPrintable, TrimsTheLastSoftBreakOnlyWhereNothingIsLost) {
  std::string out = qp("abc");
  trim_soft_break(out, 0);
  EXPECT_EQ(out, "abc");
  out = qp("abc ");
  trim_soft_break(out, 0);
  EXPECT_EQ(out, "abc =\r\n");
  out = qp("abc\n");
  trim_soft_break(out, 0);
  EXPECT_EQ(out, "abc\r\n");
  out = "=\r\n";
  trim_soft_break(out, 1);
  EXPECT_EQ(out, "=\r\n");
}

}  // namespace
}  // namespace sluice::message
