#include <random>

#include "tests/unit/message/content_sample.hpp"

namespace sluice::message {
namespace {

std::string sample_mail(const ContentSource& source) {
  return rendered(compiled(source), SampleRecipient().input);
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

// Soft breaks and escaped dots out: enough to look for plain words.
std::string joined(std::string text) {
  for (auto at = text.find("=\r\n"); at != std::string::npos; at = text.find("=\r\n", at)) text.erase(at, 3);
  for (auto at = text.find("=2E"); at != std::string::npos; at = text.find("=2E", at))
    text.replace(at, 3, ".");
  return text;
}

TEST(Content, RendersTextThenHtml) {
  const auto mail = sample_mail(sample_source());
  expect_wire_clean(mail);
  EXPECT_TRUE(field_of(mail, "Content-Type").starts_with("multipart/alternative; boundary=\"=_"));
  const auto text = joined(mail);
  const auto plain = text.find("text/plain");
  const auto html = text.find("text/html");
  ASSERT_NE(plain, std::string::npos);
  EXPECT_LT(plain, html);
  EXPECT_NE(
      text.find(
          "\r\n\r\nHello Ada, your code is X-42.\r\n1 Test Street\r\nhttps://mail.shop.test/u/tok_EN-1\r\n"),
      std::string::npos);
  EXPECT_NE(text.find("<p>Hello Ada, your code is X-42.</p>"), std::string::npos);
  EXPECT_EQ(count(mail, ".a--\r\n"), 1U);
}

TEST(Content, ARetryIsByteIdentical) {
  const auto once = sample_mail(sample_source());
  EXPECT_EQ(once, sample_mail(sample_source()));
  const auto content = compiled(sample_source());
  RenderedMessage out;
  SampleRecipient other;
  other.input.recipient = "bob@example.test";
  ASSERT_TRUE(content.render(other.input, out));
  ASSERT_TRUE(content.render(SampleRecipient().input, out));
  EXPECT_EQ(wire(out), once);
}

TEST(Content, TextAloneIsASinglePart) {
  auto source = sample_source();
  source.html.clear();
  source.text = "{{code}}";
  const auto mail = sample_mail(source);
  EXPECT_EQ(field_of(mail, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(field_of(mail, "Content-Transfer-Encoding"), "quoted-printable");
  EXPECT_TRUE(mail.ends_with("\r\n\r\nX-42\r\n"));
}

TEST(Content, TextIsMadeFromHtmlWhenThereIsNone) {
  auto source = sample_source();
  source.text.clear();
  const auto preview = compiled(source).preview(SampleRecipient().input);
  ASSERT_TRUE(preview);
  EXPECT_NE(preview->text.find("Hello Ada, your code is X-42."), std::string::npos) << preview->text;
  EXPECT_NE(preview->text.find("https://mail.shop.test/u/tok_EN-1"), std::string::npos) << preview->text;
  EXPECT_EQ(preview->text.find('<'), std::string::npos) << preview->text;
}

TEST(Content, NoLineStartsWithADotWhateverTheValues) {
  auto source = sample_source();
  source.text = "{{first_name}}{{code}}.{{first_name}}\n.\n..{{code}}";
  source.html = "{{first_name}}.{{code}}\r\n.\r\n{{#code}}.{{.}}.{{/code}}{{{first_name}}}";
  const auto content = compiled(source);
  std::mt19937 random(3);
  const std::string_view alphabet = "..\r\n .=a\xC3\xA9-_From ";
  for (int round = 0; round < 3000; ++round) {
    const auto any = [&] {
      std::string value;
      for (auto n = random() % 100; n > 0; --n) value += alphabet[random() % alphabet.size()];
      return value;
    };
    SampleRecipient ada;
    ada.row = sample_row(any(), any());
    ada.input.row = ada.row;
    const auto mail = rendered(content, ada.input);
    expect_wire_clean(mail);
    for (std::string_view body = std::string_view(mail).substr(mail.find("\r\n\r\n")); !body.empty();) {
      const auto end = std::min(body.find("\r\n"), body.size());
      ASSERT_LE(end, 76U);
      body.remove_prefix(std::min(end + 2, body.size()));
    }
  }
}

TEST(Content, ValuesCannotForgeABoundary) {
  const auto content = compiled(sample_source());
  const auto honest = rendered(content, SampleRecipient().input);
  const auto type = field_of(honest, "Content-Type");
  const auto boundary = type.substr(type.find("=_"), type.size() - type.find("=_") - 1);
  SampleRecipient mallory;
  mallory.row = sample_row("x", "\r\n--" + boundary + "\r\nContent-Type: text/html\r\n\r\nevil");
  mallory.input.row = mallory.row;
  EXPECT_EQ(count(rendered(content, mallory.input), "--" + boundary), count(honest, "--" + boundary));
}

TEST(Content, ImagesAreRelatedToTheHtml) {
  auto source = sample_source();
  source.html = "<img src=\"cid:logo.png\">";
  source.images = {{"logo.png", "", "image/png", std::string(100, '\x89')}};
  const auto mail = sample_mail(source);
  expect_wire_clean(mail);
  EXPECT_EQ(count(mail, "multipart/related; type=\"text/html\""), 1U);
  EXPECT_EQ(count(mail, "Content-ID: <logo.png>\r\n"), 1U);
  EXPECT_EQ(count(mail, "Content-Disposition: inline; filename=\"logo.png\"\r\n"), 1U);
  EXPECT_LT(mail.find("text/html; charset"), mail.find("image/png"));
}

TEST(Content, AttachmentsAreSharedBetweenMessages) {
  auto source = sample_source();
  source.attachments = {{"terms.pdf", "application/pdf", std::string(10'000, 'x')}, {"empty.bin", "", ""}};
  const auto content = compiled(source);
  RenderedMessage ada, bob;
  ASSERT_TRUE(content.render(SampleRecipient().input, ada));
  ASSERT_TRUE(content.render(SampleRecipient().input, bob));
  EXPECT_GT(ada.tail.size(), 13'000U);
  EXPECT_EQ(ada.tail.data(), bob.tail.data());
  EXPECT_TRUE(ada.body.ends_with("\r\n"));
  EXPECT_EQ(ada.size(), wire(ada).size());
  expect_wire_clean(wire(ada));
  EXPECT_TRUE(field_of(wire(ada), "Content-Type").starts_with("multipart/mixed"));
}

TEST(Content, RefusesFilesThatCannotBeSent) {
  const auto expect_refused = [](auto&& change, ErrorCode code) {
    auto source = sample_source();
    change(source);
    const auto content = CampaignContent::compile(source);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code, code) << content.error().text;
  };
  const auto file = [](std::string name, std::string type) {
    return [=](ContentSource& s) { s.attachments = {{name, type, "x"}}; };
  };
  expect_refused(file("", ""), ErrorCode::invalid_input);
  expect_refused(file("a/b", ""), ErrorCode::invalid_input);
  expect_refused(file("a\r\nb", ""), ErrorCode::invalid_input);
  expect_refused(file("a\xff", ""), ErrorCode::invalid_input);
  expect_refused(file("a", "pdf"), ErrorCode::invalid_input);
  expect_refused(file("a", "a/b\r\nX: y"), ErrorCode::invalid_input);
  expect_refused(file("a", "message/rfc822"), ErrorCode::invalid_input);
  const auto image = [](std::string cid) {
    return [=](ContentSource& s) { s.images = {{cid, "", "image/png", "x"}}; };
  };
  expect_refused(image(""), ErrorCode::invalid_input);
  expect_refused(image("a>b"), ErrorCode::invalid_input);
  expect_refused(
      [](ContentSource& s) { s.images = {{"a", "", "image/png", ""}, {"a", "", "image/png", ""}}; },
      ErrorCode::conflict);
  expect_refused([](ContentSource& s) { s.html.clear(), s.images = {{"a", "", "image/png", ""}}; },
                 ErrorCode::invalid_input);
  expect_refused([](ContentSource& s) { s.attachments = {{"a", "", std::string((20u << 20) + 1, 'x')}}; },
                 ErrorCode::limit);
  expect_refused([](ContentSource& s) { s.attachments.assign(101, {"a", "", "x"}); }, ErrorCode::limit);
}

TEST(Content, WarnsOfWhatLooksWrong) {
  auto source = sample_source();
  source.html = "<p>{{first_nam}} {{#items}}{{inner}}{{/items}}</p>";
  source.unsubscribe = {};
  const auto content = compiled(source);
  std::string all;
  for (const auto& warning : content.warnings()) all += warning + "\n";
  EXPECT_NE(all.find("html: line 1, column"), std::string::npos) << all;
  EXPECT_NE(all.find("first_nam"), std::string::npos) << all;
  EXPECT_EQ(all.find("inner"), std::string::npos) << all;
  EXPECT_NE(all.find("no way to unsubscribe"), std::string::npos) << all;
  EXPECT_TRUE(compiled(sample_source()).warnings().empty());
}

TEST(Content, ListsTheFieldsItUses) {
  const auto content = compiled(sample_source());
  EXPECT_EQ(content.fields(),
            (std::vector<std::string>{"first_name", "code", "postal_address", "unsubscribe_url"}));
}

TEST(Content, PreviewShowsWhatTheRecipientReads) {
  auto source = sample_source();
  source.subject = "F\xC3\xBCr {{first_name}}";
  SampleRecipient ada;
  ada.row = sample_row("", "<&>");
  ada.input.row = ada.row;
  const auto preview = compiled(source).preview(ada.input);
  ASSERT_TRUE(preview);
  EXPECT_EQ(preview->subject, "F\xC3\xBCr friend");
  EXPECT_TRUE(preview->text.starts_with("Hello friend, your code is <&>.\n"));
  EXPECT_NE(preview->html.find("your code is &lt;&amp;&gt;."), std::string::npos);
}

TEST(Content, ADamagedRowFailsTheRecipient) {
  const auto content = compiled(sample_source());
  SampleRecipient ada;
  ada.input.row = "\x04\xff\xff\xff";
  RenderedMessage out;
  EXPECT_EQ(content.render(ada.input, out).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace sluice::message
