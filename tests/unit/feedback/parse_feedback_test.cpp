#include "engine/feedback/parse_feedback.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::feedback {
namespace {

Feedback parse(const std::string& bytes, const ParseOptions& options = {}) {
  return parse_feedback(bytes, Classifier::builtin(), options);
}

std::string report(
    const std::string& status, const std::string& text = "See below.",
    const std::string& original = "Content-Type: text/rfc822-headers\n\nMessage-ID: <1@shop.test>\n") {
  return "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: <tok-123@bounces.shop.test>\n"
         "Subject: Delivery Status Notification\nMIME-Version: 1.0\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n"
         "--b\nContent-Type: text/plain\n\n" +
         text + "\n--b\nContent-Type: message/delivery-status\n\n" + status + "\n--b\n" + original +
         "\n--b--\n";
}

TEST(DeliveryStatus, SeveralRecipientsOfOneReport) {
  const auto feedback =
      parse(report("Reporting-MTA: dns; mx.example.net\n\n"
                   "Final-Recipient: rfc822; ann@example.net\nAction: failed\nStatus: 5.1.1\n"
                   "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n\n"
                   "Final-Recipient: rfc822; bob@example.net\nAction: delayed\nStatus: 4.4.1\n\n"
                   "Final-Recipient: rfc822; carla@example.net\nAction: relayed\nStatus: 2.0.0\n\n"
                   "Final-Recipient: rfc822; dora@example.net\nAction: delivered\nStatus: 2.0.0\n"));
  EXPECT_EQ(feedback.kind, Feedback::Kind::dsn);
  ASSERT_EQ(feedback.results.size(), 4U);
  EXPECT_EQ(feedback.results[0].result, ResultClass::hard);
  EXPECT_EQ(feedback.results[0].status, "5.1.1");
  EXPECT_EQ(feedback.results[0].reply_code, 550);
  EXPECT_EQ(feedback.results[0].recipient_action(), RecipientAction::suppress);
  EXPECT_EQ(feedback.results[1].result, ResultClass::soft);
  EXPECT_FALSE(feedback.results[1].final());
  EXPECT_EQ(feedback.results[1].recipient_action(), RecipientAction::none);
  EXPECT_EQ(feedback.results[2].result, ResultClass::delivered);
  EXPECT_EQ(feedback.results[3].result, ResultClass::delivered);
  EXPECT_EQ(feedback.addressed_to, "tok-123@bounces.shop.test");
  EXPECT_EQ(feedback.original.message_id, "<1@shop.test>");
}

TEST(DeliveryStatus, FoldedFieldsAndMissingOnes) {
  const auto feedback =
      parse(report("Final-Recipient:\n rfc822;\n\tann@example.net\nAction: FAILED (really)\n"
                   "Status: 5.2.2 (mailbox\n full)\nDiagnostic-Code: smtp;\n 552 5.2.2\n over quota\n"));
  ASSERT_EQ(feedback.results.size(), 1U);
  EXPECT_EQ(feedback.results[0].recipient, "ann@example.net");
  EXPECT_EQ(feedback.results[0].action, "failed");
  EXPECT_EQ(feedback.results[0].reason, BounceClass::mailbox_full);
  EXPECT_EQ(feedback.results[0].diagnostic, "over quota");
}

TEST(DeliveryStatus, TheAddressWrittenToIsKeptBesideTheOneThatFailed) {
  const auto feedback =
      parse(report("Original-Recipient: rfc822;ann@example.net\nFinal-Recipient: rfc822; ann@inside.example\n"
                   "Action: failed\nStatus: 5.1.1\n"));
  ASSERT_EQ(feedback.results.size(), 1U);
  EXPECT_EQ(feedback.results[0].recipient, "ann@inside.example");
  EXPECT_EQ(feedback.results[0].original_recipient, "ann@example.net");
  const auto command =
      parse(report("Original-Recipient: rfc822;ann@example.net\n"
                   "Final-Recipient: rfc822; |/usr/bin/procmail\nAction: failed\nStatus: 5.3.0\n"));
  EXPECT_EQ(command.results.at(0).recipient, "ann@example.net");
}

TEST(DeliveryStatus, TheServersWordsComeBeforeTheReportsStatus) {
  const auto feedback =
      parse(report("Final-Recipient: rfc822; ann@example.net\nAction: failed\nStatus: 5.1.1\n"
                   "Diagnostic-Code: smtp; 550 5.7.1 blocked using zen.spamhaus.org\n"));
  ASSERT_EQ(feedback.results.size(), 1U);
  EXPECT_EQ(feedback.results[0].result, ResultClass::soft);
  EXPECT_EQ(feedback.results[0].reason, BounceClass::blocklist);
  EXPECT_EQ(feedback.results[0].status, "5.7.1");
}

TEST(DeliveryStatus, RawEightBitTextAndInternationalReports) {
  const auto feedback =
      parse(report("Final-Recipient: utf-8; j\xc3\xb6rg@example.net\nAction: failed\nStatus: 5.1.1\n"
                   "Diagnostic-Code: smtp; 550 Empf\xe4nger unbekannt\n"));
  ASSERT_EQ(feedback.results.size(), 1U);
  EXPECT_EQ(feedback.results[0].recipient, "j\xc3\xb6rg@example.net");
  EXPECT_EQ(feedback.results[0].result, ResultClass::hard);
}

TEST(DeliveryStatus, AReadReceiptIsNoReport) {
  const auto feedback = parse(
      "From: ann@example.net\nContent-Type: multipart/report; report-type=disposition-notification; "
      "boundary=b\n\n"
      "--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: "
      "rfc822;ann@example.net\n--b--\n");
  EXPECT_EQ(feedback.kind, Feedback::Kind::none);
}

std::string arf(const std::string& fields, const std::string& original) {
  return "From: feedback@isp.example\nTo: fbl@shop.test\nSubject: complaint\n"
         "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: "
         "text/plain\n\n"
         "A complaint.\n--b\nContent-Type: message/feedback-report\n\n" +
         fields + "\n--b\nContent-Type: message/rfc822\n\n" + original + "\n--b--\n";
}

TEST(Complaint, NamesItsRecipientsAndType) {
  const auto feedback =
      parse(arf("Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n"
                "Original-Rcpt-To: <ann@isp.example>\nOriginal-Rcpt-To: ANN@isp.example\n",
                "Message-ID: <1@shop.test>\nX-Tok: abc\nList-Unsubscribe: <https://u.test/1>\n"
                "Return-Path: <tok@bounces.shop.test>\n\nHello\n"));
  EXPECT_EQ(feedback.kind, Feedback::Kind::complaint);
  ASSERT_EQ(feedback.results.size(), 1U);
  EXPECT_EQ(feedback.results[0].recipient, "ann@isp.example");
  EXPECT_EQ(feedback.results[0].feedback_type, "abuse");
  EXPECT_EQ(feedback.results[0].recipient_action(), RecipientAction::suppress);
  EXPECT_EQ(feedback.original.message_id, "<1@shop.test>");
  EXPECT_EQ(feedback.original.return_path, "tok@bounces.shop.test");
  EXPECT_EQ(feedback.original.list_unsubscribe, "<https://u.test/1>");
  ASSERT_EQ(feedback.original.x_fields.size(), 1U);
  EXPECT_EQ(feedback.original.x_fields[0].name, "x-tok");
}

TEST(Complaint, ARedactedOneStillHasOurTokens) {
  const auto feedback =
      parse(arf("Feedback-Type: abuse\n", "Message-ID: <tok.1@shop.test>\nTo: undisclosed\n\nx\n"));
  ASSERT_EQ(feedback.results.size(), 1U);
  EXPECT_EQ(feedback.results[0].recipient, "");
  EXPECT_EQ(feedback.results[0].result, ResultClass::complaint);
  EXPECT_EQ(feedback.original.message_id, "<tok.1@shop.test>");
}

TEST(Complaint, WhatAMachineReportsSuppressesNobody) {
  for (const auto* type : {"auth-failure", "not-spam"}) {
    const auto feedback =
        parse(arf(std::string("Feedback-Type: ") + type + "\nOriginal-Rcpt-To: ann@isp.example\n", "\n"));
    ASSERT_EQ(feedback.results.size(), 1U);
    EXPECT_EQ(feedback.results[0].feedback_type, type);
    EXPECT_EQ(feedback.results[0].recipient_action(), RecipientAction::none);
  }
}

TEST(Complaint, MicrosoftNamesTheRecipientInAFieldOfItsOwn) {
  const auto feedback = parse(
      "From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\n"
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
      "X-HmXmrOriginalRecipient: ann@hotmail.example\nFrom: news@shop.test\nMessage-ID: "
      "<1@shop.test>\n\nx\n--b--\n");
  EXPECT_EQ(feedback.kind, Feedback::Kind::complaint);
  EXPECT_EQ(feedback.results.at(0).recipient, "ann@hotmail.example");
}

TEST(Unsubscribe, ByMail) {
  const auto feedback =
      parse("From: Ann <ann@example.net>\nTo: u-tok@bounces.shop.test\nSubject: Unsubscribe\n\n\n");
  EXPECT_EQ(feedback.kind, Feedback::Kind::unsubscribe);
  EXPECT_EQ(feedback.results.at(0).feedback_type, "opt-out");
  EXPECT_EQ(feedback.results.at(0).recipient, "ann@example.net");
  EXPECT_EQ(feedback.addressed_to, "u-tok@bounces.shop.test");
}

TEST(CloudNotice, BouncesAndComplaintsInJson) {
  const auto feedback =
      parse(std::string("From: no-reply@sns.example\nSubject: Notification\n\n") +
            R"({"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[)"
            R"({"emailAddress":"ann@example.net","action":"failed","status":"5.1.1",)"
            R"("diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},"mail":{"messageId":"m1"}})");
  ASSERT_EQ(feedback.results.size(), 1U);
  EXPECT_EQ(feedback.results[0].result, ResultClass::hard);
  EXPECT_EQ(feedback.original.message_id, "m1");
  EXPECT_EQ(parse("From: a@b.test\n\n{\"bounce\": [[[").kind, Feedback::Kind::none);
}

TEST(ParseFeedback, AnyBytesAreAnswered) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (const auto& bytes : {std::string(), all, std::string(100'000, '\n'), std::string(1'000'000, '-'),
                            std::string(1'000'000, '@'), std::string("From: \0x", 8)}) {
    EXPECT_EQ(parse(bytes).kind, Feedback::Kind::none);
  }
}

TEST(ParseFeedback, DeepAndWideMessagesAreCut) {
  std::string deep = "From: MAILER-DAEMON@x.test\n";
  for (int i = 0; i < 3000; ++i) {
    deep += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" + std::to_string(i) +
            "\n";
  }
  EXPECT_TRUE(parse(deep).cut);
  std::string wide = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 20'000; ++i) wide += "--b\n\nx\n";
  EXPECT_TRUE(parse(wide).results.empty());
  std::string many;
  for (int i = 0; i < 5000; ++i)
    many += "Final-Recipient: rfc822; a" + std::to_string(i) + "@b.test\nAction: failed\n\n";
  ParseOptions few;
  few.recipients = 100;
  const auto feedback = parse(report(many), few);
  EXPECT_EQ(feedback.results.size(), 100U);
  EXPECT_TRUE(feedback.cut);
}

}  // namespace
}  // namespace sluice::feedback
