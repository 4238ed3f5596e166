// Reports to senders: what is owed, what is passed on, and that other parsers understand what is written.
#include <gtest/gtest.h>

#include "engine/delivery/report_rule.hpp"
#include "engine/delivery/report_status.hpp"
#include "engine/feedback/parse_feedback.hpp"
#include "engine/message/delivery_report.hpp"
#include "engine/smtp/server_parameters.hpp"

namespace sluice::delivery {
namespace {

using message::DeliveryReport;
using queue::EventKind;

std::string payload_of(std::string_view sender, std::uint8_t notify) {
  RawPayload payload;
  payload.sender = sender;
  payload.dsn.notify = notify;
  payload.message = "Subject: x\r\n\r\n";
  std::string out;
  payload.append_to(out);
  return out;
}

DeliveryReport failure() {
  DeliveryReport out;
  out.host = "mta.shop.test";
  out.from = "MAILER-DAEMON@mta.shop.test";
  out.to = "orders@shop.test";
  out.recipient = "ada@example.test";
  out.status = "5.1.1";
  out.arrived = from_ms(1'764'104'400'000);
  out.attempted = from_ms(1'764'104'401'000);
  out.remote = "mx.example.test";
  out.reply = "550 5.1.1 No such user here";
  out.original = "Message-ID: <one@shop.test>\r\nSubject: Order\r\n\r\nThank you.\r\n";
  out.header_bytes = out.original.find("\r\n\r\n") + 4;
  return out;
}

feedback::Feedback parsed(const DeliveryReport& report) {
  const auto text = message::build_report(report);
  EXPECT_EQ(text.content.find("\r\n\r\n") + 4, text.header_bytes);
  for (std::size_t at = 0, end = 0; (end = text.content.find("\r\n", at)) != std::string::npos; at = end + 2)
    EXPECT_LE(end - at, 998U);
  return feedback::parse_feedback(text.content, feedback::Classifier::builtin());
}

TEST(ReportRule, FollowsNotify) {
  const auto owed = [](std::uint8_t notify, EventKind kind) {
    return owes_report(payload_of("o@shop.test", notify), kind);
  };
  EXPECT_TRUE(owed(0, EventKind::bounced) && owed(0, EventKind::expired));
  EXPECT_FALSE(owed(0, EventKind::delivered) || owed(0, EventKind::deferred));
  EXPECT_FALSE(owed(smtp::kNotifyNever, EventKind::bounced));
  EXPECT_FALSE(owed(smtp::kNotifySuccess, EventKind::bounced));
  EXPECT_TRUE(owed(smtp::kNotifySuccess, EventKind::delivered));
  EXPECT_TRUE(owed(smtp::kNotifyDelay | smtp::kNotifyFailure, EventKind::deferred));
  EXPECT_FALSE(owed(0, EventKind::suppressed) || owed(0, EventKind::cancelled));
}

TEST(ReportRule, TheNullSenderIsOwedNothing) {
  for (const auto kind : {EventKind::bounced, EventKind::expired, EventKind::delivered, EventKind::deferred})
    EXPECT_FALSE(owes_report(payload_of("", 15), kind));
  EXPECT_FALSE(owes_report("no payload", EventKind::bounced));
}

TEST(ReportRule, WritesParametersAsTheyCame) {
  ReportTexts texts;
  texts.assign({static_cast<std::uint8_t>(smtp::Return::headers), smtp::kNotifySuccess | smtp::kNotifyDelay,
                "id 1+2=3", "rfc822", "Ad\xc3\xa4@example.test"});
  EXPECT_EQ(texts.request().ret, "HDRS");
  EXPECT_EQ(texts.request().envid, "id+201+2B2+3D3");
  EXPECT_EQ(texts.request().notify, "SUCCESS,DELAY");
  EXPECT_EQ(texts.request().orcpt, "rfc822;Ad+C3+A4@example.test");
  texts.assign({0, smtp::kNotifyNever, {}, {}, {}});
  EXPECT_EQ(texts.request().notify, "NEVER");
  texts.assign({});
  EXPECT_TRUE(texts.request().empty());
}

TEST(ReportStatus, IsOfTheEndsClass) {
  queue::Event event;
  event.kind = EventKind::bounced;
  event.reply_enhanced = "5.7.1";
  EXPECT_EQ(report_status(event), "5.7.1");
  event.reply_enhanced = "4.7.1";
  event.event_class = "invalid-domain";
  EXPECT_EQ(report_status(event), "5.1.2");
  event.event_class = "unheard-of";
  EXPECT_EQ(report_status(event), "5.0.0");
  event.kind = EventKind::deferred;
  EXPECT_EQ(report_status(event), "4.7.1");
  event.kind = EventKind::expired;
  EXPECT_EQ(report_status(event), "5.4.7");
}

TEST(Report, OfAFailureIsOneForOurOwnParser) {
  auto report = failure();
  report.envid = "env 1";
  report.orcpt_type = "rfc822";
  report.orcpt = "alias@example.test";
  const auto found = parsed(report);
  EXPECT_EQ(found.kind, feedback::Feedback::Kind::dsn);
  ASSERT_EQ(found.results.size(), 1U);
  const auto& result = found.results.front();
  EXPECT_EQ(result.recipient, "ada@example.test");
  EXPECT_EQ(result.original_recipient, "alias@example.test");
  EXPECT_EQ(result.result, feedback::ResultClass::hard);
  EXPECT_EQ(result.status, "5.1.1");
  EXPECT_EQ(result.action, "failed");
  EXPECT_EQ(result.remote_mta, "mx.example.test");
  EXPECT_EQ(found.original.message_id, "<one@shop.test>");
}

TEST(Report, OfADelayIsNoFailure) {
  auto report = failure();
  report.action = DeliveryReport::Action::delayed;
  report.status = "4.4.1";
  report.reply.clear();
  report.reason = "no connection";
  const auto found = parsed(report);
  ASSERT_EQ(found.results.size(), 1U);
  EXPECT_EQ(found.results.front().action, "delayed");
  EXPECT_FALSE(found.results.front().final());
}

TEST(Report, WhatReceiversSayBreaksNothing) {
  auto report = failure();
  report.reply =
      "550 no\r\nFinal-Recipient: rfc822; other@example.test\r\n\r\n--=_report_of_delivery\r\n\x01\xff" +
      std::string(3000, 'x');
  report.envid = "a\r\nX: 1";
  report.original = "Subject: --=_report_of_delivery--\r\n\r\n--=_report_of_delivery--\r\n";
  report.header_bytes = report.original.size();
  const auto found = parsed(report);
  ASSERT_EQ(found.results.size(), 1U);
  EXPECT_EQ(found.results.front().recipient, "ada@example.test");
  const auto text = message::build_report(report).content;
  EXPECT_FALSE(text.contains("\r\nFinal-Recipient: rfc822; other"));
  EXPECT_FALSE(text.contains("\r\nX: 1"));
}

TEST(Report, AddressesWithOtherLettersAreWrittenInAscii) {
  auto report = failure();
  report.recipient = "\xc3\xa4\xe2\x82\xac@example.test";
  EXPECT_TRUE(message::build_report(report).content.contains(
      "Final-Recipient: utf-8; \\x{E4}\\x{20AC}@example.test"));
  report.recipient = "\xf0@\xff";  // no UTF-8: no crash, no raw byte
  EXPECT_FALSE(message::build_report(report).eight_bit);
}

TEST(Report, TheWholeMessageComesBackWhereAsked) {
  auto report = failure();
  report.whole = true;
  auto text = message::build_report(report);
  EXPECT_TRUE(text.content.contains("Content-Type: message/rfc822\r\n"));
  EXPECT_TRUE(text.content.contains("Thank you.\r\n"));
  report.whole = false;
  text = message::build_report(report);
  EXPECT_TRUE(text.content.contains("Content-Type: text/rfc822-headers\r\n"));
  EXPECT_FALSE(text.content.contains("Thank you."));
}

}  // namespace
}  // namespace sluice::delivery
