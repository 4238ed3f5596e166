#include "tests/unit/message/content_sample.hpp"

namespace sluice::message {
namespace {

std::string sample_mail(const ContentSource& source, const RenderInput& input = SampleRecipient().input) {
  return rendered(compiled(source), input);
}

Error refused(const ContentSource& source) {
  const auto content = CampaignContent::compile(source);
  EXPECT_FALSE(content);
  return content ? Error{ErrorCode::internal, "compiled"} : content.error();
}

TEST(ContentHeader, HoldsTheFieldsBulkMailNeeds) {
  const SampleRecipient ada;
  const auto mail = sample_mail(sample_source(), ada.input);
  const auto id = ada.input.id.text();
  EXPECT_EQ(field_of(mail, "From"), "Shop <news@shop.test>");
  EXPECT_EQ(field_of(mail, "To"), "Ada Lovelace <ada@example.test>");
  EXPECT_EQ(field_of(mail, "Subject"), "Hello Ada");
  EXPECT_EQ(field_of(mail, "Date"), "Tue, 25 Nov 2025 19:13:18 +0000");
  EXPECT_EQ(field_of(mail, "Message-ID"), "<" + id + "@shop.test>");
  EXPECT_EQ(field_of(mail, "Reply-To"), "<help@shop.test>");
  EXPECT_EQ(field_of(mail, "List-Id"), "<news.shop.test>");
  EXPECT_EQ(field_of(mail, "List-Unsubscribe"),
            "<https://mail.shop.test/u/tok_EN-1>, <mailto:u+tok_EN-1@bounces.shop.test?subject=unsubscribe>");
  EXPECT_EQ(field_of(mail, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
  EXPECT_EQ(field_of(mail, "Feedback-ID"), "autumn-2026:shop:commercial:shop.test");
  EXPECT_EQ(field_of(mail, "Precedence"), "bulk");
  EXPECT_EQ(field_of(mail, "Auto-Submitted"), "(absent)");
  EXPECT_EQ(field_of(mail, "MIME-Version"), "1.0");
}

TEST(ContentHeader, TransactionalMailIsMarkedAsSuch) {
  auto source = sample_source();
  source.mail_class = MailClass::transactional;
  source.postal_address.clear();
  const auto mail = sample_mail(source);
  EXPECT_EQ(field_of(mail, "Auto-Submitted"), "auto-generated");
  EXPECT_EQ(field_of(mail, "Precedence"), "(absent)");
}

TEST(ContentHeader, UnsubscribeFollowsSettingsAndToken) {
  SampleRecipient ada;
  ada.input.unsubscribe_token = {};
  EXPECT_EQ(field_of(sample_mail(sample_source(), ada.input), "List-Unsubscribe"), "(absent)");
  auto source = sample_source();
  source.unsubscribe.one_click = false;
  EXPECT_EQ(field_of(sample_mail(source), "List-Unsubscribe-Post"), "(absent)");
  source.unsubscribe.url_prefix.clear();
  EXPECT_EQ(field_of(sample_mail(source), "List-Unsubscribe"),
            "<mailto:u+tok_EN-1@bounces.shop.test?subject=unsubscribe>");
  source.unsubscribe = {};
  EXPECT_EQ(field_of(sample_mail(source), "List-Unsubscribe"), "(absent)");
}

TEST(ContentHeader, ExtraFieldsAreTemplates) {
  auto source = sample_source();
  source.headers = {{"X-Campaign", "autumn"}, {"X-Code", "{{code}} f\xC3\xBCr {{first_name}}"}};
  const auto mail = sample_mail(source);
  EXPECT_EQ(field_of(mail, "X-Campaign"), "autumn");
  EXPECT_EQ(field_of(mail, "X-Code"), "=?utf-8?Q?X-42_f=C3=BCr_Ada?=");
}

TEST(ContentHeader, NoValueStartsAFieldOrEndsTheHeader) {
  auto source = sample_source();
  source.subject = "Hi {{first_name}}";
  source.headers = {{"X-Code", "{{code}}"}};
  const auto content = compiled(source);
  for (const std::string_view evil : {"a\r\nBcc: x@y.test", "a\n\n<p>", "a\rBcc: x", "\r\n.\r\n"}) {
    SampleRecipient ada;
    ada.row = sample_row(evil, evil);
    ada.input.row = ada.row;
    ada.input.name = evil;
    const auto mail = rendered(content, ada.input);
    expect_wire_clean(mail);
    EXPECT_EQ(field_of(mail, "Bcc"), "(absent)");
    EXPECT_NE(field_of(mail, "X-Code"), "(absent)");
    EXPECT_EQ(field_of(mail, "MIME-Version"), "1.0");
  }
}

TEST(ContentHeader, AddressAndTokenThatCannotStandThereFailTheRecipient) {
  const auto content = compiled(sample_source());
  RenderedMessage out;
  for (const std::string_view bad :
       {"", "ada", "a@b\r\nBcc: c@d.test", "\xC3\xA9@b.test", "a@\nb", "x>,<y@z.test", "a b@c.test"}) {
    SampleRecipient ada;
    ada.input.recipient = bad;
    EXPECT_EQ(content.render(ada.input, out).error().code, ErrorCode::invalid_input) << bad;
  }
  for (const std::string_view bad : {"a b", "a>b", "a\r\nb", "a/b"}) {
    SampleRecipient ada;
    ada.input.unsubscribe_token = bad;
    EXPECT_EQ(content.render(ada.input, out).error().code, ErrorCode::invalid_input) << bad;
  }
  SampleRecipient ada;
  const std::string name(5000, 'x');
  ada.input.name = name;
  EXPECT_EQ(content.render(ada.input, out).error().code, ErrorCode::limit);
}

TEST(ContentHeader, AQuotedLocalPartStands) {
  SampleRecipient ada;
  ada.input.recipient = "\"ada, the first\"@example.test";
  ada.input.name = {};
  EXPECT_EQ(field_of(sample_mail(sample_source(), ada.input), "To"), "<\"ada, the first\"@example.test>");
}

TEST(ContentHeader, RefusesReservedAndMalformedNames) {
  for (const std::string name : {"Subject", "from", "BCC", "Content-Type", "DKIM-Signature",
                                 "List-Unsubscribe", "Resent-From", "Date"}) {
    auto source = sample_source();
    source.headers = {{name, "x"}};
    const auto error = refused(source);
    EXPECT_NE(error.text.find("headers." + name + ":"), std::string::npos) << error.text;
  }
  for (const std::string name : {"", "X Y", "X:", "X\r\nBcc", "\xC3\xA9"}) {
    auto source = sample_source();
    source.headers = {{name, "x"}};
    EXPECT_EQ(refused(source).code, ErrorCode::invalid_input) << name;
  }
  auto source = sample_source();
  source.headers = {{"X-A", "1"}, {"x-a", "2"}};
  EXPECT_EQ(refused(source).code, ErrorCode::conflict);
  source.headers.assign(65, {"X", "1"});
  EXPECT_EQ(refused(source).code, ErrorCode::limit);
}

TEST(ContentHeader, RefusesLineBreaksInTemplates) {
  for (const auto& bad : {std::string("a\r\nb"), std::string("a\nb"), std::string("a\0b", 3)}) {
    auto source = sample_source();
    source.subject = bad;
    EXPECT_NE(refused(source).text.find("subject"), std::string::npos);
    source = sample_source();
    source.headers = {{"X-A", bad}};
    EXPECT_NE(refused(source).text.find("headers.X-A"), std::string::npos);
  }
  auto source = sample_source();
  source.subject = "{{{first_name}}}";
  EXPECT_NE(refused(source).text.find("subject: line 1"), std::string::npos);
}

TEST(ContentHeader, NamesTheKeyThatIsWrong) {
  const auto expect_key = [](std::string_view key, auto&& change) {
    auto source = sample_source();
    change(source);
    const auto error = refused(source);
    EXPECT_TRUE(error.text.starts_with(key)) << error.text;
  };
  expect_key("from:", [](auto& s) { s.from = "nobody"; });
  expect_key("from:", [](auto& s) { s.from = "\xC3\xA9@shop.test"; });
  expect_key("reply_to:", [](auto& s) { s.reply_to = "a@b@c"; });
  expect_key("list_id:", [](auto& s) { s.list_id = "no list\r\n"; });
  expect_key("unsubscribe:", [](auto& s) { s.unsubscribe.url_prefix = "javascript:x"; });
  expect_key("unsubscribe:", [](auto& s) { s.unsubscribe.url_prefix = "https://a>\r\nBcc: x"; });
  expect_key("unsubscribe:", [](auto& s) { s.unsubscribe.mailto_domain = "a b"; });
  expect_key("unsubscribe:", [](auto& s) { s.unsubscribe.mailto_prefix = "a b"; });
  expect_key("postal_address:", [](auto& s) { s.postal_address.clear(); });
  expect_key("html: line 1", [](auto& s) { s.html = "{{#a}}"; });
  expect_key("the campaign has neither", [](auto& s) { s.html.clear(), s.text.clear(); });
}

TEST(ContentHeader, AConstantSubjectIsTheSameForAll) {
  auto source = sample_source();
  source.subject =
      "Gr\xC3\xBC\xC3\x9F"
      "e";
  EXPECT_EQ(field_of(sample_mail(source), "Subject"), "=?utf-8?B?R3LDvMOfZQ==?=");
}

TEST(ContentHeader, AValueOverItsLimitFailsTheRecipient) {
  const auto content = compiled(sample_source());
  SampleRecipient ada;
  ada.row = sample_row(std::string(5000, 'x'), "");
  ada.input.row = ada.row;
  RenderedMessage out;
  const auto done = content.render(ada.input, out);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::limit);
  EXPECT_TRUE(done.error().text.starts_with("subject:")) << done.error().text;
}

}  // namespace
}  // namespace sluice::message
