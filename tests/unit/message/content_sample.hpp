// A campaign and a recipient to vary in tests, and what every rendered mail must hold to.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/message/content.hpp"
#include "engine/message/row.hpp"

namespace sluice::message {

inline ContentSource sample_source() {
  ContentSource source;
  source.tenant = "shop";
  source.campaign_id = "autumn-2026";
  source.from = "Shop <news@shop.test>";
  source.reply_to = "help@shop.test";
  source.subject = "Hello {{first_name}}";
  source.html =
      "<html><body>\n<p>Hello {{first_name}}, your code is {{code}}.</p>\n{{postal_address}}\n"
      "<a href=\"{{unsubscribe_url}}\">out</a></body></html>\n";
  source.text = "Hello {{first_name}}, your code is {{code}}.\n{{postal_address}}\n{{unsubscribe_url}}\n";
  source.list_id = "news.shop.test";
  source.postal_address = "1 Test Street";
  source.unsubscribe.url_prefix = "https://mail.shop.test/u/";
  source.unsubscribe.mailto_prefix = "u+";
  source.unsubscribe.mailto_domain = "bounces.shop.test";
  source.layout = *RowLayout::of({"first_name", "code"});
  source.defaults = {{"first_name", "friend"}};
  return source;
}

inline std::string sample_row(std::string_view first_name, std::string_view code) {
  std::string row;
  const std::string_view fields[] = {first_name, code};
  encode_row(fields, row);
  return row;
}

struct SampleRecipient {
  std::string row = sample_row("Ada", "X-42");
  RenderInput input;

  SampleRecipient() {
    input.id = MessageId::make(from_ms(1'764'097'998'123), 1, 2, 3);
    input.recipient = "ada@example.test";
    input.name = "Ada Lovelace";
    input.row = row;
    input.unsubscribe_token = "tok_EN-1";
  }
};

inline CampaignContent compiled(const ContentSource& source) {
  auto content = CampaignContent::compile(source);
  EXPECT_TRUE(content) << content.error().text;
  return std::move(*content);
}

inline std::string wire(const RenderedMessage& message) {
  return message.header + message.body + std::string(message.tail);
}

inline std::string rendered(const CampaignContent& content, const RenderInput& input) {
  RenderedMessage out;
  const auto done = content.render(input, out);
  EXPECT_TRUE(done) << done.error().text;
  return wire(out);
}

/// CRLF only, 7-bit, no NUL, lines of at most 998 columns, no line that starts with a dot.
inline void expect_wire_clean(std::string_view message) {
  ASSERT_TRUE(message.ends_with("\r\n"));
  while (!message.empty()) {
    const auto end = message.find("\r\n");
    const auto line = message.substr(0, end);
    EXPECT_LE(line.size(), 998U);
    EXPECT_FALSE(line.starts_with('.')) << line;
    for (const char c : line) ASSERT_TRUE(c == '\t' || (c >= 0x20 && c <= 0x7e)) << line;
    message.remove_prefix(end + 2);
  }
}

/// The unfolded value of a field, "(absent)" without one.
inline std::string field_of(const std::string& message, const std::string& name) {
  const auto block = "\r\n" + message.substr(0, message.find("\r\n\r\n") + 2);
  auto at = block.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "(absent)";
  at += name.size() + 4;
  std::string value;
  while (true) {
    const auto end = block.find("\r\n", at);
    value += block.substr(at, end - at);
    if (end + 2 >= block.size() || block[end + 2] != ' ') return value;
    at = end + 2;
  }
}

}  // namespace sluice::message
