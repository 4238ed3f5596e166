#include "engine/message/meta_columns.hpp"

#include <gtest/gtest.h>

namespace sluice::message {
namespace {

std::string row_of(const std::vector<std::string_view>& texts) {
  std::string out;
  encode_row(texts, out);
  return out;
}

RowLayout layout_of(std::vector<std::string> names) { return RowLayout::of(std::move(names)).value(); }

TEST(MetaColumns, GiveTheNamedColumnsInTheirOrder) {
  const auto layout = layout_of({"first", "contact_id", "shop"});
  const MetaColumns meta({"shop", "contact_id"}, layout);
  EXPECT_EQ(meta.json(row_of({"Ann", "7", "a \"b\""})), R"({"shop":"a \"b\"","contact_id":"7"})");
}

TEST(MetaColumns, AreEmptyWhereTheRowOrTheLayoutHasNone) {
  const auto layout = layout_of({"first", "contact_id"});
  const MetaColumns meta({"contact_id", "gone"}, layout);
  EXPECT_EQ(meta.json(row_of({"Ann"})), R"({"contact_id":"","gone":""})");
  EXPECT_EQ(meta.json("\xff\xff\xff"), R"({"contact_id":"","gone":""})");
  EXPECT_EQ(MetaColumns().json(row_of({"Ann"})), "");
}

}  // namespace
}  // namespace sluice::message
