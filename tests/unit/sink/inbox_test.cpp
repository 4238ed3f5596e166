#include "engine/sink/inbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/message/dkim_record.hpp"
#include "engine/sink/inbox_json.hpp"
#include "engine/sink/inbox_page.hpp"
#include "engine/sink/inbox_server.hpp"
#include "engine/sink/inbox_view.hpp"
#include "tests/unit/message/dkim_vectors.hpp"

namespace sluice::sink {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

InboxOptions on(InboxOptions options = {}) {
  options.listen = "127.0.0.1:0";
  return options;
}

smtp::Envelope to(const std::vector<std::string>& recipients, const std::string& sender = "news@shop.test") {
  smtp::Envelope out;
  out.peer.address = "127.0.0.1";
  out.hello = "mta-a.shop.test";
  out.sender.address = sender;
  for (const auto& one : recipients)
    out.recipients.push_back({.mailbox = {.address = one}, .parameters = {}});
  return out;
}

std::vector<std::uint64_t> numbers(const std::vector<InboxMessagePtr>& page) {
  std::vector<std::uint64_t> out;
  for (const auto& message : page) out.push_back(message->number);
  return out;
}

InboxMessage message_of(std::string content) {
  InboxMessage out;
  out.number = 7;
  out.bytes = content.size();
  out.content = std::move(content);
  out.recipients = {"ann@x.test"};
  return out;
}

TEST(Inbox, OffKeepsAndCountsNothing) {
  Inbox inbox({});
  inbox.offer(to({"a@x.test"}), "plain", "Subject: x\r\n\r\n");
  EXPECT_EQ(inbox.counts().seen, 0u);
  EXPECT_THAT(inbox.page(0, 10, ""), IsEmpty());
}

TEST(Inbox, PagesNewestFirstAndForgetsTheOldest) {
  Inbox inbox(on({.max_messages = 5}));
  for (int i = 0; i < 12; ++i) inbox.offer(to({"a@x.test"}), "plain", "Subject: x\r\n\r\n");
  EXPECT_THAT(numbers(inbox.page(0, 3, "")), ElementsAre(12, 11, 10));
  EXPECT_THAT(numbers(inbox.page(10, 3, "")), ElementsAre(9, 8));
  EXPECT_EQ(inbox.find(7), nullptr);
  EXPECT_EQ(inbox.find(0), nullptr);
  EXPECT_EQ(inbox.find(13), nullptr);
  ASSERT_NE(inbox.find(8), nullptr);
  EXPECT_EQ(inbox.find(8)->number, 8u);
  EXPECT_EQ(inbox.counts().here, 5u);
  EXPECT_EQ(inbox.counts().kept, 12u);
}

TEST(Inbox, HoldsNoMoreBytesThanItsBound) {
  Inbox inbox(on({.max_messages = 1'000'000, .max_bytes = 100'000, .max_message_bytes = 20'000}));
  for (int i = 0; i < 500; ++i) inbox.offer(to({"a@x.test"}), "plain", std::string(50'000, 'x'));
  EXPECT_LE(inbox.counts().bytes, 100'000u);
  const auto newest = inbox.page(0, 1, "").at(0);
  EXPECT_TRUE(newest->cut());
  EXPECT_EQ(newest->bytes, 50'000u);
  EXPECT_EQ(newest->content.size(), 20'000u);
}

TEST(Inbox, TakesOneInSoMany) {
  Inbox inbox(on({.every = 10}));
  for (int i = 0; i < 95; ++i) inbox.offer(to({"a@x.test"}), "plain", "x");
  EXPECT_EQ(inbox.counts().seen, 95u);
  EXPECT_EQ(inbox.counts().kept, 10u);
}

TEST(Inbox, FindsSendersAndRecipientsWithoutCase) {
  Inbox inbox(on({.max_recipients = 2}));
  inbox.offer(to({"Ann@X.test", "bob@x.test", "third@x.test"}), "plain", "x");
  inbox.offer(to({"eve@y.test"}, "other@blog.test"), "plain", "x");
  EXPECT_THAT(numbers(inbox.page(0, 10, "ann@x")), ElementsAre(1));
  EXPECT_THAT(numbers(inbox.page(0, 10, "BLOG")), ElementsAre(2));
  EXPECT_THAT(inbox.page(0, 10, "third"), IsEmpty());
  EXPECT_EQ(inbox.find(1)->recipients_beyond, 1u);
}

const std::string kMail =
    "From: =?utf-8?q?Hill_=26_Harbour?= <news@shop.test>\r\nTo: ann@x.test\r\n"
    "Subject: <script>alert(1)</script> =?utf-8?q?=C3=A4?=\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/related; boundary=r\r\n\r\n"
    "--r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
    "--a\r\nContent-Type: text/plain\r\n\r\nHello </pre><script>text</script>\r\n"
    "--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<LINK rel=preconnect href=//evil.test><p>Hello</p>"
    "<img src=\"cid:logo@shop\"><img src=\"cid:none\"><img src=\"https://evil.test/x.png\">\r\n--a--\r\n"
    "--r\r\nContent-Type: image/png\r\nContent-ID: <logo@shop>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "iVBORw==\r\n"
    "--r\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a<b>.pdf\"\r\n\r\n"
    "%PDF\r\n--r--\r\n";

TEST(InboxView, ShowsTheMessageItsReaderGets) {
  const auto view = view_of(message_of(kMail), on());
  EXPECT_EQ(view.from, "Hill & Harbour <news@shop.test>");
  EXPECT_EQ(view.subject, "<script>alert(1)</script> \xc3\xa4");
  EXPECT_THAT(view.text, HasSubstr("Hello </pre>"));
  EXPECT_THAT(view.html, HasSubstr("<img src=\"data:image/png;base64,iVBORw==\">"));
  EXPECT_THAT(view.html, HasSubstr("cid:none"));
  EXPECT_THAT(view.html, Not(HasSubstr("<LINK")));
  ASSERT_THAT(view.attachments, SizeIs(2));
  EXPECT_EQ(view.attachments[1].name, "a<b>.pdf");
  EXPECT_THAT(view.dkim, IsEmpty());
  EXPECT_FALSE(view.cut);
}

TEST(InboxView, ChecksSignaturesWithTheKeysItKnows) {
  auto options = on();
  const auto message = message_of(message::rfc8463::signed_message());
  for (const auto& verdict : view_of(message, options).dkim)
    EXPECT_EQ(verdict.result, message::DkimResult::temperror) << verdict.reason;
  options.dkim_records = {
      {"brisbane._domainkey.football.example.com", std::string(message::rfc8463::kEd25519Record)},
      {"test._domainkey.football.example.com", std::string(message::rfc8463::kRsaRecord)}};
  const auto view = view_of(message, options);
  ASSERT_THAT(view.dkim, SizeIs(2));
  for (const auto& verdict : view.dkim)
    EXPECT_EQ(verdict.result, message::DkimResult::pass) << verdict.reason;
  auto changed = message;
  changed.content += "more\r\n";
  changed.bytes = changed.content.size();
  EXPECT_EQ(view_of(changed, options).dkim.at(0).result, message::DkimResult::fail);
}

TEST(InboxView, TakesAnyBytes) {
  for (const auto& bytes :
       {std::string(), std::string("\r\n\r\n"), std::string(200'000, '\xff'), std::string("\0\0\0", 3),
        std::string(50'000, '<'), "Subject: " + std::string(9000, '=')}) {
    const auto message = message_of(bytes);
    const auto view = view_of(message, on());
    const auto json = boost::json::serialize(inbox_message_json(message, view));
    boost::system::error_code error;
    boost::json::parse(json, error);
    EXPECT_FALSE(error) << error.message();
    for (const auto tab : {InboxTab::html, InboxTab::text, InboxTab::header, InboxTab::source})
      EXPECT_THAT(inbox_message_page(message, view, tab, false), HasSubstr("</html>"));
  }
}

TEST(InboxView, ImagesDoNotGrowThePageBeyondItsBound) {
  std::string html = "<p>";
  for (int i = 0; i < 1000; ++i) html += "<img src=\"cid:big\">";
  const auto content =
      "Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n" + html +
      "\r\n--r\r\nContent-Type: image/png\r\nContent-ID: <big>\r\n\r\n" + std::string(50'000, 'x') +
      "\r\n--r--\r\n";
  const auto view = view_of(message_of(content), on(), {.part_bytes = 1 << 20, .html_bytes = 500'000});
  EXPECT_LE(view.html.size(), 500'000u);
  EXPECT_TRUE(view.cut);
}

TEST(InboxPage, EscapesEverythingReceived) {
  const std::string hostile = "\"><script>x</script><img src=x onerror=y>'\n\xff";
  auto message = message_of(kMail);
  message.persona = message.peer = message.hello = message.tls = message.sender = hostile;
  message.recipients = {hostile, hostile};
  const auto shared = std::make_shared<InboxMessage>(message);
  auto view = view_of(message, on());
  view.dkim.push_back({message::DkimResult::fail, hostile, hostile, hostile, hostile, false});
  view.from = view.to = view.date = hostile;
  std::vector<std::string> pages{inbox_list_page({{shared}, {}, 1, 0, hostile})};
  for (const auto tab : {InboxTab::html, InboxTab::text, InboxTab::header, InboxTab::source})
    pages.push_back(inbox_message_page(message, view, tab, true));
  for (const auto& page : pages) {
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, Not(HasSubstr("\xff")));
  }
  EXPECT_THAT(pages[1], HasSubstr("<iframe sandbox=\"\""));
}

TEST(InboxPage, PagingEndsWhereMessagesEnd) {
  Inbox inbox(on());
  for (std::size_t i = 0; i < kInboxPageRows + 1; ++i)
    inbox.offer(to({"a@x.test"}), "plain", "Subject: s\r\n\r\n");
  const auto first = inbox_list_page({inbox.page(0, kInboxPageRows, ""), inbox.counts(), 1, 0, ""});
  EXPECT_THAT(first, HasSubstr("before=2&amp;"));
  const auto last = inbox_list_page({inbox.page(2, kInboxPageRows, ""), inbox.counts(), 1, 2, ""});
  EXPECT_THAT(last, Not(HasSubstr("Older")));
  EXPECT_THAT(last, HasSubstr("Newest"));
  EXPECT_THAT(inbox_list_page({}), HasSubstr("Nothing here"));
}

TEST(InboxServer, AnswersToAddressesOnly) {
  for (const auto* host :
       {"127.0.0.1:8030", "127.0.0.1", "[::1]:8030", "[::1]", "localhost", "localhost:1", "::1"})
    EXPECT_TRUE(is_own_host(host)) << host;
  for (const auto* host :
       {"", "evil.test", "evil.test:8030", "127.0.0.1.evil.test", "[::1", "localhost.evil.test"})
    EXPECT_FALSE(is_own_host(host)) << host;
}

}  // namespace
}  // namespace sluice::sink
