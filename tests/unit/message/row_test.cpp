#include "engine/message/row.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "tests/unit/message/json_row.hpp"

namespace sluice::message {
namespace {

using ::testing::HasSubstr;

TEST(RowLayout, FindsColumnsAndRoundTrips) {
  const auto layout = RowLayout::of({"email", "first_name", "Größe"}).value();
  EXPECT_EQ(layout.find("first_name"), 1);
  EXPECT_EQ(layout.find("First_name"), std::nullopt);
  std::string bytes;
  layout.encode(bytes);
  EXPECT_EQ(RowLayout::decode(bytes).value(), layout);
  bytes.pop_back();
  EXPECT_EQ(RowLayout::decode(bytes).error().code, ErrorCode::corrupt);
  EXPECT_EQ(RowLayout::decode("\xff\xff\xff\xff\x7f").error().code, ErrorCode::corrupt);
}

TEST(RowLayout, RefusesNamesThatCannotBeToldApart) {
  EXPECT_THAT(RowLayout::of({"a", "b", "a"}).error().text, HasSubstr("column 3 repeats the name \"a\""));
  EXPECT_THAT(RowLayout::of({"a", ""}).error().text, HasSubstr("column 2 has no name"));
  EXPECT_EQ(RowLayout::of({"a", "b"}, {.columns = 1}).error().code, ErrorCode::limit);
  EXPECT_EQ(RowLayout::of({"abc"}, {.name_bytes = 2}).error().code, ErrorCode::limit);
}

TEST(Row, FlatRowsKeepEveryField) {
  const auto layout = RowLayout::of({"a", "b", "c", "d"}).value();
  const std::array<std::string_view, 3> fields = {"Ann", "", "x\0y"};
  std::string blob;
  encode_row(fields, blob);
  EXPECT_EQ(blob.size(), 1 + 4 + 1 + 1 + fields[2].size());
  const RowView row(blob);
  EXPECT_EQ(row.column(0).value().text(), "Ann");
  EXPECT_EQ(row.column(layout, "b").value().kind(), Value::Kind::string);
  EXPECT_EQ(row.column(layout, "c").value().text(), fields[2]);
  EXPECT_EQ(row.column(layout, "d").value().kind(), Value::Kind::missing)
      << "the row is shorter than the layout";
  EXPECT_EQ(row.column(layout, "nope").value().kind(), Value::Kind::missing);
  EXPECT_TRUE(row.check());
}

TEST(Row, NoFieldsAtAllIsARow) {
  EXPECT_TRUE(RowView("").check());
  EXPECT_EQ(RowView("").column(3).value().kind(), Value::Kind::missing);
}

TEST(Row, NestedRowsKeepKindsAndOrder) {
  const auto json = row_of(
      R"({"n":-1.50e2,"t":true,"f":false,"z":null,"s":"x","l":[1,"two",[3]],"o":{"b":1,"a":{"c":"d"}}})");
  const RowView row(json.blob);
  ASSERT_TRUE(row.check());
  const auto get = [&](std::string_view name) { return row.column(json.layout, name).value(); };
  EXPECT_EQ(get("n").text(), "-1.50e2") << "numbers keep their text";
  EXPECT_EQ(get("t").text(), "true");
  EXPECT_EQ(get("f").text(), "false");
  EXPECT_EQ(get("z").kind(), Value::Kind::null);
  ValueItems list(get("l"));
  EXPECT_EQ(list.count(), 3U);
  ASSERT_TRUE(list.next());
  EXPECT_EQ(list.value().text(), "1");
  ASSERT_TRUE(list.next());
  EXPECT_EQ(list.value().text(), "two");
  ASSERT_TRUE(list.next());
  EXPECT_TRUE(list.value().is_list());
  EXPECT_FALSE(list.next());
  EXPECT_TRUE(list.ok());
  ValueItems object(get("o"));
  ASSERT_TRUE(object.next());
  EXPECT_EQ(object.key(), "b");
  EXPECT_EQ(get("o").member("a").value().member("c").value().text(), "d");
  EXPECT_EQ(get("o").member("x"), std::nullopt);
  EXPECT_EQ(get("l").member("1").value().text(), "two");
  EXPECT_EQ(get("l").member("3"), std::nullopt);
  EXPECT_EQ(get("s").member("x"), std::nullopt);
}

TEST(Row, TruthFollowsTheTemplateRules) {
  const auto json =
      row_of(R"({"a":0,"b":-0.0e9,"c":0.5,"d":"","e":"0","f":[],"g":[0],"h":{},"i":null,"j":false,"k":1e1})");
  std::string truth;
  for (const auto& name : json.layout.names()) {
    truth += RowView(json.blob).column(json.layout, name).value().truthy() ? '1' : '0';
  }
  EXPECT_EQ(truth, "00101011001");
}

TEST(Row, TooDeepNestingIsRefusedAndLeavesNothing) {
  std::string out = "before";
  RowWriter row(out, 1);
  for (std::size_t i = 0; i <= kMaxValueDepth; ++i) row.values().begin_list();
  for (std::size_t i = 0; i <= kMaxValueDepth; ++i) row.values().end_list();
  EXPECT_EQ(row.finish().error().code, ErrorCode::limit);
  EXPECT_EQ(out, "before");
}

TEST(Row, DamageIsAnErrorWhereverItIs) {
  const auto json = row_of(R"({"s":"some text","l":[1,"two",[3,{"k":"v"}]],"o":{"b":1,"a":{"c":"d"}}})");
  std::mt19937 random(11);
  std::size_t refused = 0;
  for (std::size_t cut = 1; cut < json.blob.size(); ++cut) {
    EXPECT_EQ(RowView(std::string_view(json.blob).substr(0, cut)).check().error().code, ErrorCode::corrupt)
        << cut;
  }
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = json.blob;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    const RowView row(bytes);
    if (!row.check()) ++refused;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto value = row.column(i);
      if (!value) continue;
      ValueItems items(*value);
      while (items.next()) (void)items.value().member("c");
      (void)value->truthy();
    }
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_EQ(RowView("\x03\x09").check().error().code, ErrorCode::corrupt) << "no such kind of value";
  EXPECT_EQ(RowView(std::string("\x02\x01", 2)).check().error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace sluice::message
