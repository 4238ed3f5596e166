// The campaign people copy must be accepted, and every recipient's mail must render whole.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "engine/campaign/directory.hpp"
#include "engine/campaign/recipient_reader.hpp"
#include "engine/campaign/row_mapper.hpp"
#include "engine/message/template.hpp"

namespace sluice::campaign {
namespace {

using testing::HasSubstr;
using testing::Not;

class Newsletter : public testing::Test {
 protected:
  Newsletter() {
    auto checked = validate(AT_FDCWD, SLUICE_SOURCE_DIR "/config/examples/newsletter", {});
    EXPECT_TRUE(checked) << checked.error().reason_text("newsletter");
    campaign = std::move(*checked);
    for (const auto& [name, value] : campaign.spec.defaults) defaults.emplace_back(name, value);
  }

  std::string render(const message::Template& compiled, const MappedRow& row) const {
    message::RenderContext context;
    context.row = message::RowView(row.fields);
    context.extras.set(message::Extra::postal_address, campaign.spec.postal_address);
    context.extras.set(message::Extra::unsubscribe_url, "https://mail.shop.test/u/token");
    context.extras.set(message::Extra::subject, "Subject");
    std::string out;
    EXPECT_TRUE(compiled.render(context, out));
    return out;
  }

  CampaignDirectory campaign;
  std::vector<std::pair<std::string, std::string>> defaults;
};

TEST_F(Newsletter, LeavesNothingToRemark) {
  EXPECT_TRUE(campaign.notes.empty()) << campaign.notes.front();
  EXPECT_EQ(campaign.inline_images.size(), 1u);
  EXPECT_LT(campaign.html.size() + campaign.inline_images[0].bytes.size(), 100u << 10);
}

TEST_F(Newsletter, RendersForEveryRecipient) {
  const auto html =
      message::Template::compile(campaign.html, message::Mode::html, campaign.layout, defaults).value();
  const auto text =
      message::Template::compile(campaign.text, message::Mode::text, campaign.layout, defaults).value();
  auto reader = RecipientReader::open("list", std::move(campaign.list.file), campaign.list_kind, {}).value();
  RowMapper mapper(campaign.layout, reader.format());
  RowBatch batch;
  MappedRow row;
  int recipients = 0;
  while (reader.next(batch) && !batch.rows.empty()) {
    for (const auto& raw : batch.rows) {
      const auto mapped = mapper.map(batch, raw, reader.columns(), row);
      ASSERT_TRUE(mapped) << mapped.error().text;
      EXPECT_TRUE(row.address.domain().ends_with(".test"));
      for (const auto& page : {render(html, row), render(text, row)}) {
        EXPECT_THAT(page, Not(HasSubstr("{{")));
        EXPECT_THAT(page, HasSubstr("https://mail.shop.test/u/token"));
        EXPECT_THAT(page, Not(HasSubstr("Hello ,")));
      }
      if (++recipients == 1) {
        EXPECT_THAT(render(html, row), HasSubstr("LEAF-1001"));
        EXPECT_THAT(render(text, row), HasSubstr("420 points"));
        if (const char* where = std::getenv("SLUICE_KEEP_NEWSLETTER"))
          std::ofstream(where) << render(html, row);
      }
    }
  }
  EXPECT_EQ(recipients, 20);
}

}  // namespace
}  // namespace sluice::campaign
