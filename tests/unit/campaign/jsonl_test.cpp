#include "engine/campaign/jsonl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "list_fixture.hpp"

namespace sluice::campaign {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> rows_of(std::string text, const ListLimits& limits = test::small_limits()) {
  return test::rows_of(std::move(text), ListFormat::jsonl, limits);
}

TEST(Jsonl, ReadsEveryKindOfValue) {
  EXPECT_THAT(
      rows_of(R"({"email":"a@x.test", "n": 12.50 , "t":true,"f":false,"z":null,"o": {"a":[1, 2]} ,"l":[]})"
              "\n"),
      ElementsAre(R"(1@1 email=[a@x.test] n=12.50 t=true f=false z=null o={"a":[1, 2]} l=[])"));
}

TEST(Jsonl, UnescapesStringsAndKeys) {
  EXPECT_THAT(rows_of(R"({"email":"a@x.test","na\u006de":"A\"\u00e4\n\ud83d\ude00"})"),
              ElementsAre("1@1 email=[a@x.test] name=[A\"\xc3\xa4\n\xf0\x9f\x98\x80]"));
}

TEST(Jsonl, RowsMayHaveDifferentKeysInAnyOrder) {
  EXPECT_THAT(rows_of("{\"email\":\"a\",\"x\":1}\r\n\n  \n{\"x\":2,\"y\":3,\"email\":\"b\"}\n{}\n"),
              ElementsAre("1@1 email=[a] x=1", "2@4 x=2 y=3 email=[b]", "3@5"));
}

TEST(Jsonl, BadLineIsRejectedAndTheListGoesOn) {
  const auto rows = rows_of(
      "{\"email\":\"a\"}\n{\"email\":\n[1]\n\"x\"\n{\"a\":1}{\n{\"a\":tru}\n{\"a\":1,\"a\":2}\n"
      "{\"a\":\"x\ty\"}\n{\"a\":\"\xff\"}\n{\"a\":01}\n{\"a\":[1,}\n{\"email\":\"b\"}\n{\"a\":nul}\n");
  ASSERT_EQ(rows.size(), 13u);
  EXPECT_EQ(rows[0], "1@1 email=[a]");
  for (std::size_t i = 1; i < 11; ++i)
    EXPECT_THAT(rows[i], HasSubstr("@" + std::to_string(i + 1) + " !")) << i;
  EXPECT_THAT(rows[2], HasSubstr("no JSON object"));
  EXPECT_THAT(rows[6], HasSubstr("the key `a` comes twice"));
  EXPECT_THAT(rows[7], HasSubstr("control byte"));
  EXPECT_THAT(rows[8], HasSubstr("invalid UTF-8"));
  EXPECT_EQ(rows[11], "12@12 email=[b]");
  EXPECT_THAT(rows[12], HasSubstr("!13:"));
}

TEST(Jsonl, NestingHasALimit) {
  auto limits = test::small_limits();
  limits.json_depth = 3;
  EXPECT_THAT(rows_of("{\"a\":[[[1]]]}\n{\"a\":[[[[1]]]]}\n", limits),
              ElementsAre("1@1 a=[[[1]]]", HasSubstr("nests deeper")));
  EXPECT_THAT(rows_of("{\"a\":" + std::string(500, '[') + std::string(500, ']') + "}\n"),
              ElementsAre(HasSubstr("!1:")));
  EXPECT_THAT(rows_of("{\"a\":" + std::string(900, '[') + "\n{\"b\":1}\n"),
              ElementsAre(HasSubstr("!1:"), "2@2 b=1"));
}

TEST(Jsonl, ColumnsHaveALimit) {
  auto limits = test::small_limits();
  limits.columns = 2;
  EXPECT_THAT(rows_of("{\"a\":1}\n{\"b\":1}\n{\"c\":1}\n{\"a\":2}\n", limits),
              ElementsAre("1@1 a=1", "2@2 b=1", HasSubstr("2 columns"), "4@4 a=2"));
}

TEST(Jsonl, TooLongLineIsRejected) {
  for (const std::size_t size : {1100u, 4096u, 9000u}) {
    EXPECT_THAT(rows_of("{\"a\":\"" + std::string(size, 'x') + "\"}\n{\"a\":1}\n"),
                ElementsAre(HasSubstr("longer than allowed"), StartsWith("2@2")));
  }
}

TEST(Jsonl, NulIsRejected) {
  using namespace std::string_literals;
  EXPECT_THAT(rows_of("{\"a\":\"\\u0000\"}\n{\"a\":1}\0\n"s), ElementsAre("1@1 a=[\0]"s, HasSubstr("!2:")));
}

TEST(Jsonl, MutatedLinesNeverCrashAndRowsDoNotDependOnPages) {
  std::mt19937 random(3);
  const std::string line = R"({"email":"a@x.test","name":"A\u00e4","o":{"k":[1,2.5e3,null]},"t":true})";
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 100; ++i) {
      auto mutated = line;
      for (unsigned n = random() % 3; n > 0; --n)
        mutated[random() % mutated.size()] = "{}[]\",:\\\n x1\xff"[random() % 14];
      text += mutated + '\n';
    }
    auto big = test::small_limits();
    big.page_bytes = 1 << 16;
    ASSERT_EQ(rows_of(text), rows_of(text, big));
  }
}

}  // namespace
}  // namespace sluice::campaign
