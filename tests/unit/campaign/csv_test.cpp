#include "engine/campaign/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "list_fixture.hpp"

namespace sluice::campaign {
namespace {

using test::open_text;
using test::rows_of;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Csv, ReadsPlainRows) {
  EXPECT_THAT(rows_of("email,name\na@x.test,Ann\nb@x.test,Bob\n"),
              ElementsAre("1@2 email=[a@x.test] name=[Ann]", "2@3 email=[b@x.test] name=[Bob]"));
}

TEST(Csv, AcceptsCrlfMissingLastLineEndByteOrderMarkAndBlankLines) {
  EXPECT_THAT(rows_of("\xef\xbb\xbf"
                      "email,name\r\na@x.test,Ann\r\n\r\n\nb@x.test,Bob"),
              ElementsAre("1@2 email=[a@x.test] name=[Ann]", "2@5 email=[b@x.test] name=[Bob]"));
}

TEST(Csv, QuotesHoldDelimitersQuotesAndLineEnds) {
  EXPECT_THAT(
      rows_of("email,name\n\"a@x.test\",\"Ann, \"\"the\r\nfirst\"\"\"\nb@x.test,\"\"\n"),
      ElementsAre("1@2 email=[a@x.test] name=[Ann, \"the\r\nfirst\"]", "2@4 email=[b@x.test] name=[]"));
  EXPECT_THAT(rows_of("email,name\r\na@x.test,\"Ann\"\r\n\"b@x.test\",\"\"\"\""),
              ElementsAre("1@2 email=[a@x.test] name=[Ann]", "2@3 email=[b@x.test] name=[\"]"));
}

TEST(Csv, QuoteInsideAnUnquotedFieldIsText) {
  EXPECT_THAT(rows_of("email,size\na@x.test,5\" pipe\n"),
              ElementsAre("1@2 email=[a@x.test] size=[5\" pipe]"));
}

TEST(Csv, KeepsEmptyFieldsAndSpaces) {
  EXPECT_THAT(rows_of("email,a,b\nx@x.test,, z \n,,\n"),
              ElementsAre("1@2 email=[x@x.test] a=[] b=[ z ]", "2@3 email=[] a=[] b=[]"));
}

TEST(Csv, RaggedRowIsRejectedAndTheListGoesOn) {
  EXPECT_THAT(rows_of("email,name\na@x.test\nb@x.test,Bob,extra\n\"c@x.test\"\nd@x.test,Dan\n"),
              ElementsAre("1@2 !2:1 the row has 1 fields, the header 2",
                          "2@3 !3:1 the row has more than the 2 fields of the header",
                          "3@4 !4:1 the row has 1 fields, the header 2", "4@5 email=[d@x.test] name=[Dan]"));
}

TEST(Csv, TextAfterAClosingQuoteRejectsTheRow) {
  EXPECT_THAT(rows_of("email,name\n\"a@x.test\"b,Ann\nb@x.test,Bob\n"),
              ElementsAre("1@2 !2:11 text follows a closing quote; a quote inside quotes is written \"\"",
                          "2@3 email=[b@x.test] name=[Bob]"));
}

TEST(Csv, QuoteNeverClosedCostsOneLine) {
  EXPECT_THAT(rows_of("email,name\na@x.test,\"Ann\nb@x.test,Bob\nc@x.test,Cid\n"),
              ElementsAre("1@2 !2:10 a quote is opened and never closed", "2@3 email=[b@x.test] name=[Bob]",
                          "3@4 email=[c@x.test] name=[Cid]"));
}

TEST(Csv, QuoteNeverClosedWithinTheRowLimitCostsOneLine) {
  std::string text = "email,name\na@x.test,\"Ann\n";
  for (int i = 0; i < 500; ++i) text += "b@x.test,Bob\n";
  const auto rows = rows_of(text);
  ASSERT_EQ(rows.size(), 501u);
  EXPECT_EQ(rows[0], "1@2 !2:10 a quote is opened and never closed");
  EXPECT_EQ(rows[500], "501@502 email=[b@x.test] name=[Bob]");
}

TEST(Csv, TooLongRowIsRejectedWhateverItsLength) {
  for (const std::size_t size : {1025u, 4000u, 4096u, 4097u, 5000u, 100'000u}) {
    EXPECT_THAT(rows_of("email,name\na@x.test," + std::string(size, 'x') + "\nb@x.test,Bob\n"),
                ElementsAre("1@2 !2:1 the row is longer than allowed (limit row_bytes)",
                            "2@3 email=[b@x.test] name=[Bob]"))
        << size;
  }
  EXPECT_THAT(rows_of("email,name\na@x.test," + std::string(1024 - 9, 'x') + "\r\nb@x.test,Bob\n"),
              ElementsAre(HasSubstr("1@2 email=[a@x.test] name=[xxx"), "2@3 email=[b@x.test] name=[Bob]"));
  EXPECT_THAT(rows_of("email,name\na@x.test," + std::string(100'000, 'x')),
              ElementsAre(HasSubstr("longer than allowed")));
}

TEST(Csv, InvalidUtf8AndNulRejectOnlyTheirRows) {
  using namespace std::string_literals;
  EXPECT_THAT(rows_of("email,name\na@x.test,\xc3\xa4\xff\nb@x.test,B\0b\nc@x.test,\xc3\xbc\n"s),
              ElementsAre("1@2 !2:12 the row is no valid UTF-8; save the list as UTF-8",
                          "2@3 !3:11 the row holds a NUL byte", "3@4 email=[c@x.test] name=[\xc3\xbc]"));
}

TEST(CsvHeader, FindsTheDelimiterByTheEmailColumn) {
  EXPECT_THAT(rows_of("email;name\na@x.test;A,B\n"), ElementsAre("1@2 email=[a@x.test] name=[A,B]"));
  EXPECT_THAT(rows_of("name\temail\nA;B\ta@x.test\n"), ElementsAre("1@2 name=[A;B] email=[a@x.test]"));
  EXPECT_THAT(rows_of("email\na@x.test\n"), ElementsAre("1@2 email=[a@x.test]"));
  EXPECT_THAT(rows_of(" email , name\na@x.test,A\n"), ElementsAre("1@2 email=[a@x.test] name=[A]"));
}

std::string header_problem(const std::string& text) {
  auto reader = open_text(text);
  return reader ? "" : reader.error().to_text();
}

TEST(CsvHeader, SaysWhatIsWrong) {
  using namespace std::string_literals;
  EXPECT_THAT(header_problem(""), HasSubstr("list:1:1: the list is empty"));
  EXPECT_THAT(header_problem("mail,name\n"), HasSubstr("no column `email`; rename `mail`"));
  EXPECT_THAT(header_problem("E-Mail,name\n"), HasSubstr("rename `E-Mail`"));
  EXPECT_THAT(header_problem("a,b\n"), HasSubstr("no column `email`"));
  EXPECT_THAT(header_problem("email,x;email\n"), HasSubstr("more than one delimiter"));
  EXPECT_THAT(header_problem("email,name,name\n"), HasSubstr("the column `name` twice (columns 2 and 3)"));
  EXPECT_THAT(header_problem("email,,name\n"), HasSubstr("column 2 of the header has no name"));
  EXPECT_THAT(header_problem("email," + std::string(200, 'n') + "\n"), HasSubstr("more than 128 bytes"));
  EXPECT_THAT(header_problem("email,name\ra@x.test,A\r"), HasSubstr("CR alone"));
  EXPECT_THAT(header_problem("\xff\xfe"
                             "e\0m\0"s),
              HasSubstr("UTF-16"));
  EXPECT_THAT(header_problem("em\0ail"s), HasSubstr("NUL"));
  EXPECT_THAT(header_problem("email,n\xff\n"), HasSubstr("UTF-8"));
  EXPECT_THAT(header_problem(std::string(10'000, 'x')), HasSubstr("no end"));
  std::string wide = "email";
  for (int i = 0; i < 300; ++i) wide += ",c" + std::to_string(i);
  EXPECT_THAT(header_problem(wide.substr(0, 1000) + "\n"), "");
  ListLimits limits;
  auto reader = open_text(wide + "\n", ListFormat::csv, limits);
  ASSERT_FALSE(reader);
  EXPECT_THAT(reader.error().text, HasSubstr("256 columns"));
}

/// A slow, obvious reading of the rules in csv.hpp, on whole rows without limits.
std::vector<std::vector<std::string>> oracle(const std::vector<std::vector<std::string>>& rows,
                                             std::mt19937& random, std::string& text) {
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool must = row[i].find_first_of(",\"\n\r") != std::string::npos;
      const bool quote = must || random() % 4 == 0;
      if (i > 0) text += ',';
      if (!quote) {
        text += row[i];
        continue;
      }
      text += '"';
      for (const char c : row[i]) text += c == '"' ? std::string("\"\"") : std::string(1, c);
      text += '"';
    }
    text += random() % 2 == 0 ? "\n" : "\r\n";
  }
  return rows;
}

TEST(Csv, WhatIsWrittenIsReadWhereverPagesAreCut) {
  std::mt19937 random(7);
  const std::string letters = "ab,\"\n\r ;x\xc3\xa4";
  for (int round = 0; round < 200; ++round) {
    std::vector<std::vector<std::string>> rows;
    for (int r = 0; r < 60; ++r) {
      std::vector<std::string> row{"a@x.test"};
      for (int f = 0; f < 3; ++f) {
        std::string value;
        for (unsigned n = random() % 40; n > 0; --n) {
          const auto pick = random() % 10;
          value += pick == 9 ? "\xc3\xa4" : std::string(1, letters[pick]);
        }
        row.push_back(value);
      }
      rows.push_back(row);
    }
    std::string text = "email,a,b,c\n";
    const auto expected = oracle(rows, random, text);
    auto reader = open_text(text);
    ASSERT_TRUE(reader);
    RowBatch batch;
    std::size_t at = 0;
    for (;;) {
      ASSERT_TRUE(reader->next(batch));
      if (batch.rows.empty()) break;
      for (const auto& row : batch.rows) {
        ASSERT_TRUE(row.accepted());
        ASSERT_LT(at, expected.size());
        std::size_t f = 0;
        for (const auto& field : batch.fields_of(row)) ASSERT_EQ(field.text, expected[at][f++]) << text;
        EXPECT_EQ(text.substr(row.offset, row.text.size()), row.text);
        ++at;
      }
    }
    ASSERT_EQ(at, expected.size());
  }
}

TEST(Csv, RandomBytesGiveTheSameRowsForEveryPageSize) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::string text = "email,a\n";
    for (int i = 0; i < 9000; ++i) text += "ab\",\n\r\xff"[random() % (i % 977 == 0 ? 7 : 6)];
    if (round % 3 == 0) {  // sparse quotes and line ends: long rows and unclosed quotes
      for (std::size_t i = 8; i < text.size(); ++i) {
        if (random() % 200 != 0) text[i] = 'x';
      }
    }
    auto small = test::small_limits();
    auto big = small;
    big.page_bytes = 1 << 16;
    ASSERT_EQ(rows_of(text, ListFormat::csv, small), rows_of(text, ListFormat::csv, big)) << round;
  }
}

}  // namespace
}  // namespace sluice::campaign
