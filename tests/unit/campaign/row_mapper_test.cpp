#include "engine/campaign/row_mapper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/message/template.hpp"
#include "list_fixture.hpp"

namespace sluice::campaign {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Each row as "key|name|rendered" or "!reason".
std::vector<std::string> mapped(const std::string& list, ListFormat format, std::vector<std::string> kept,
                                std::string_view source) {
  const auto layout = message::RowLayout::of(std::move(kept)).value();
  const auto compiled = message::Template::compile(source, message::Mode::text, layout).value();
  auto reader = test::open_text(list, format).value();
  RowMapper mapper(layout, format);
  RowMapper keys(layout, format);
  RowBatch batch;
  MappedRow row;
  MappedRow key_only;
  std::vector<std::string> out;
  while (reader.next(batch) && !batch.rows.empty()) {
    for (const auto& raw : batch.rows) {
      if (!raw.accepted()) {
        out.push_back("rejected");
        continue;
      }
      const auto keyed = keys.map_key(batch, raw, reader.columns(), key_only);
      auto done = mapper.map(batch, raw, reader.columns(), row);
      EXPECT_EQ(keyed.has_value(), done.has_value());
      if (done) EXPECT_EQ(key_only.key, row.key);
      if (!done) {
        out.push_back("!" + done.error().text);
        continue;
      }
      message::RenderContext context;
      context.row = message::RowView(row.fields);
      EXPECT_TRUE(context.row.check());
      std::string rendered;
      EXPECT_TRUE(compiled.render(context, rendered));
      out.push_back(row.key + '|' + row.name + '|' + rendered);
    }
  }
  return out;
}

TEST(RowMapper, KeepsOnlyTheLayoutsColumnsOfACsvList) {
  EXPECT_THAT(mapped("name,email,city,code\nAnn, Ann@X.TEST ,\"B, \"\"C\"\"\",7\nBob,bob@x.test,,\n",
                     ListFormat::csv, {"code", "city"}, "{{city}}-{{code}}"),
              ElementsAre("ann@x.test|Ann|B, \"C\"-7", "bob@x.test|Bob|-"));
}

TEST(RowMapper, KeepsNestedValuesOfJsonLines) {
  EXPECT_THAT(
      mapped(
          "{\"items\":[{\"t\":\"a\\u0041\",\"p\":1.50},{\"t\":\"b\",\"p\":2}],\"email\":\"a@x.test\",\"z\":1}"
          "\n"
          "{\"email\":\"b@x.test\",\"name\":\"Bob\",\"vip\":true,\"items\":[]}\n{\"email\":\"c@x.test\"}\n",
          ListFormat::jsonl, {"items", "vip"}, "{{#items}}{{t}}:{{p}};{{/items}}{{#vip}}VIP{{/vip}}"),
      ElementsAre("a@x.test||aA:1.50;b:2;", "b@x.test|Bob|VIP", "c@x.test||"));
}

TEST(RowMapper, SaysWhyARowIsNoRecipient) {
  EXPECT_THAT(mapped("{\"email\":\"nobody\"}\n{\"name\":\"x\"}\n{\"email\":7}\n{\"email\":\"\"}\n",
                     ListFormat::jsonl, {}, ""),
              ElementsAre(HasSubstr("!`email`: "), "!the row has no `email`", "!`email` is no string",
                          HasSubstr("!`email`: ")));
}

TEST(KeptColumns, AreThoseUsedAndInTheList) {
  const std::vector<std::string> used = {"order.total", "first_name", "name", "nowhere", "order.date"};
  EXPECT_THAT(kept_columns(ListFormat::csv, {"email", "first_name", "unused", "order"}, used),
              ElementsAre("first_name", "order"));
  EXPECT_THAT(kept_columns(ListFormat::jsonl, {"email"}, used),
              ElementsAre("order", "first_name", "nowhere"));
}

}  // namespace
}  // namespace sluice::campaign
