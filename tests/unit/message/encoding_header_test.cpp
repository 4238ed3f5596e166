#include <gtest/gtest.h>

#include "engine/message/encoding.hpp"
#include "engine/message/header_field.hpp"

namespace sluice::message {
namespace {

std::string field(std::string_view name, std::string_view text) {
  std::string out;
  FieldWriter writer(out, name);
  writer.text(text);
  writer.end();
  return out;
}

std::string to(std::string_view name, std::string_view address = "<ada@example.test>") {
  std::string out;
  FieldWriter writer(out, "To");
  writer.phrase(name);
  writer.token(address);
  writer.end();
  return out;
}

std::string disposition(std::string_view filename) {
  std::string out;
  FieldWriter writer(out, "Content-Disposition");
  writer.token("attachment");
  writer.parameter("filename", filename);
  writer.end();
  return out;
}

void expect_lines(std::string_view block, std::size_t most) {
  ASSERT_TRUE(block.ends_with("\r\n"));
  while (!block.empty()) {
    const auto end = block.find("\r\n");
    const auto line = block.substr(0, end);
    EXPECT_LE(line.size(), most) << line;
    EXPECT_NE(line.find_first_not_of(" \t"), std::string_view::npos) << "a blank line";
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << line;
    block.remove_prefix(end + 2);
  }
}

TEST(FieldWriter, LeavesPlainTextAlone) {
  EXPECT_EQ(field("Subject", "Hello Ada"), "Subject: Hello Ada\r\n");
  EXPECT_EQ(field("Subject", ""), "Subject: \r\n");
}

TEST(FieldWriter, FoldsLongTextSoThatUnfoldingGivesItBack) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "word" + std::to_string(i) + (i % 3 == 0 ? "  " : " ");
  text += "end";
  auto out = field("Subject", text);
  expect_lines(out, 78);
  for (auto at = out.find("\r\n "); at != std::string::npos; at = out.find("\r\n ")) out.erase(at, 2);
  EXPECT_EQ(out, "Subject: " + text + "\r\n");
}

TEST(FieldWriter, EncodesTheShorterWay) {
  EXPECT_EQ(field("Subject", "caf\xC3\xA9 today"), "Subject: =?utf-8?Q?caf=C3=A9_today?=\r\n");
  EXPECT_EQ(field("Subject", "\xE6\x97\xA5\xE6\x9C\xAC"), "Subject: =?utf-8?B?5pel5pys?=\r\n");
  EXPECT_EQ(field("Subject", "=?x?= "), "Subject: =?utf-8?B?PT94Pz0g?=\r\n");
}

TEST(FieldWriter, NeverSplitsACharacterBetweenWords) {
  for (std::size_t shift = 0; shift < 12; ++shift) {
    std::string text(shift, 'a');
    for (int i = 0; i < 80; ++i) text += i % 2 == 0 ? "\xF0\x9F\x98\x80" : "\xC3\xA9";
    const auto out = field("Subject", text);
    expect_lines(out, 76);
    std::string decoded;
    for (std::size_t at = out.find("=?"); at != std::string::npos; at = out.find("=?", at)) {
      const auto end = out.find("?=", at + 10);
      ASSERT_LE(end + 2 - at, 75U);
      const auto word = *decode_base64(out.substr(at + 10, end - at - 10));
      for (std::string_view rest = word; !rest.empty(); rest.remove_prefix(utf8_length(rest)))
        ASSERT_GT(utf8_length(rest), 0U);
      decoded += word;
      at = end + 2;
    }
    EXPECT_EQ(decoded, text);
  }
}

TEST(FieldWriter, NoValueCanStartANewField) {
  const auto out = field("Subject", "hi\r\nBcc: all@example.test\n\nbody");
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  expect_lines(out, 78);
  expect_lines(field("Subject", std::string_view("a\0b\x7f", 4)), 78);
}

TEST(FieldWriter, MakesInvalidUtf8Visible) {
  EXPECT_EQ(field("Subject", "a\xff"), "Subject: =?utf-8?B?Ye+/vQ==?=\r\n");
  EXPECT_EQ(field("Subject", "\xC0\xAF"), "Subject: =?utf-8?B?77+977+9?=\r\n");
  EXPECT_EQ(utf8_length("\xED\xA0\x80"), 0U);
  EXPECT_EQ(utf8_length("\xF4\x90\x80\x80"), 0U);
  EXPECT_EQ(utf8_length("\xE2\x82"), 0U);
}

TEST(FieldWriter, AWordTooLongForALineIsEncoded) {
  const auto out = field("Subject", std::string(2000, 'x'));
  expect_lines(out, 78);
}

TEST(FieldWriter, WritesNamesAsAtomsQuotedOrEncoded) {
  EXPECT_EQ(to(""), "To: <ada@example.test>\r\n");
  EXPECT_EQ(to("Ada Lovelace"), "To: Ada Lovelace <ada@example.test>\r\n");
  EXPECT_EQ(to("Lovelace, Ada \"Countess\""),
            "To: \"Lovelace, Ada \\\"Countess\\\"\" <ada@example.test>\r\n");
  EXPECT_EQ(to("Zo\xC3\xAB"), "To: =?utf-8?Q?Zo=C3=AB?= <ada@example.test>\r\n");
  EXPECT_EQ(to("x@y <z>"), "To: \"x@y <z>\" <ada@example.test>\r\n");
}

TEST(FieldWriter, FoldsBeforeAnAddressThatDoesNotFit) {
  const auto out = to("Ada Lovelace", "<" + std::string(60, 'a') + "@example.test>");
  EXPECT_TRUE(out.starts_with("To: Ada Lovelace\r\n <aaa")) << out;
  expect_lines(out, 78);
}

TEST(FieldWriter, WritesParametersPlainOrExtended) {
  EXPECT_EQ(disposition("terms.pdf"), "Content-Disposition: attachment; filename=\"terms.pdf\"\r\n");
  EXPECT_EQ(disposition("\xE2\x82\xAC rates.pdf"),
            "Content-Disposition: attachment;\r\n filename*=utf-8''%E2%82%AC%20rates.pdf\r\n");
  EXPECT_EQ(disposition("a\"b.pdf"), "Content-Disposition: attachment;\r\n filename*=utf-8''a%22b.pdf\r\n");
}

TEST(FieldWriter, SplitsALongParameterIntoSections) {
  std::string name;
  for (int i = 0; i < 60; ++i) name += "\xC3\xA9";
  const auto out = disposition(name + ".pdf");
  expect_lines(out, 78);
  EXPECT_NE(out.find("filename*0*=utf-8''"), std::string::npos);
  std::string joined;
  for (std::size_t at = out.find("*="); at != std::string::npos; at = out.find("*=", at + 1)) {
    auto part = out.substr(at + 2, out.find_first_of(";\r", at) - at - 2);
    if (part.starts_with("utf-8''")) part.erase(0, 7);
    joined += part;
  }
  std::string expected;
  for (int i = 0; i < 60; ++i) expected += "%C3%A9";
  EXPECT_EQ(joined, expected + ".pdf");
}

TEST(FieldWriter, WritesDatesInUtc) {
  std::string out;
  append_date(out, from_ms(1'764'097'998'123));
  EXPECT_EQ(out, "Tue, 25 Nov 2025 19:13:18 +0000");
  out.clear();
  append_date(out, from_ms(0));
  EXPECT_EQ(out, "Thu, 01 Jan 1970 00:00:00 +0000");
}

TEST(FieldName, IsPrintableWithoutColon) {
  EXPECT_TRUE(is_field_name("X-Campaign"));
  for (const auto bad : {"", "X Y", "X:", "X\r\nY", "\xC3\xA9"}) EXPECT_FALSE(is_field_name(bad)) << bad;
  EXPECT_FALSE(is_field_name(std::string(77, 'x')));
}

}  // namespace
}  // namespace sluice::message
