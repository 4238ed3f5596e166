// A message that came back, to results: standard reports as Postfix and Exchange write them, and a notice in
// no standard form. One core, parsing only.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <vector>

#include "engine/feedback/parse_feedback.hpp"

namespace {

using namespace sluice::feedback;

constexpr int kMessages = 500;

std::string dsn(int i) {
  return fmt::format(
      "Return-Path: <>\r\nReceived: from mx.example.net by in.shop.test; Wed, 25 Nov 2026 10:00:00 +0000\r\n"
      "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\nTo: tok{0}@bounces.shop.test\r\n"
      "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b{0}\"\r\n\r\n--b{0}\r\n"
      "Content-Type: text/plain; charset=us-ascii\r\n\r\nThis is the mail system at host "
      "mx.example.net.\r\n\r\n"
      "I'm sorry to have to inform you that your message could not\r\nbe delivered to one or more "
      "recipients.\r\n\r\n"
      "<user{0}@example.net>: host mx{0}.example.net[192.0.2.9] said: 550 5.1.1\r\n    "
      "<user{0}@example.net>: "
      "Recipient address rejected: User unknown (in reply to RCPT TO command)\r\n\r\n--b{0}\r\n"
      "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n"
      "Arrival-Date: Wed, 25 Nov 2026 10:00:00 +0000\r\n\r\nFinal-Recipient: rfc822; user{0}@example.net\r\n"
      "Original-Recipient: rfc822;user{0}@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
      "Remote-MTA: dns; mx{0}.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 <user{0}@example.net>: "
      "Recipient\r\n"
      "    address rejected: User unknown\r\n\r\n--b{0}\r\nContent-Type: message/rfc822\r\n\r\n"
      "Return-Path: <tok{0}@bounces.shop.test>\r\nMessage-ID: <m{0}@shop.test>\r\nFrom: news@shop.test\r\n"
      "To: user{0}@example.net\r\nSubject: Autumn\r\nContent-Type: text/html\r\n\r\n{1}\r\n--b{0}--\r\n",
      i, std::string(3000, 'x'));
}

std::string notice(int i) {
  return fmt::format(
      "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\nTo: tok{0}@bounces.shop.test\r\n"
      "Subject: failure notice\r\n\r\nHi. This is the qmail-send program at mx.example.net.\r\n"
      "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n"
      "This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n<user{0}@example.net>:\r\n"
      "192.0.2.{1} does not like recipient.\r\nRemote host said: 550 5.1.1 no mailbox here\r\n\r\n"
      "--- Below this line is a copy of the message.\r\n\r\nReturn-Path: <tok{0}@bounces.shop.test>\r\n"
      "Message-ID: <m{0}@shop.test>\r\nFrom: news@shop.test\r\nTo: user{0}@example.net\r\n\r\n{2}\r\n",
      i, i % 250, std::string(3000, 'x'));
}

template <std::string (*Make)(int)>
void parse(benchmark::State& state) {
  std::vector<std::string> messages;
  for (int i = 0; i < kMessages; ++i) messages.push_back(Make(i));
  const auto& classifier = Classifier::builtin();
  std::size_t at = 0, results = 0;
  for (auto _ : state) results += parse_feedback(messages[at++ % kMessages], classifier).results.size();
  if (results != at) state.SkipWithError("a message gave no result");
  state.SetItemsProcessed(static_cast<std::int64_t>(at));
}
BENCHMARK(parse<dsn>)->Name("feedback/dsn")->MinTime(1.0);
BENCHMARK(parse<notice>)->Name("feedback/notice")->MinTime(1.0);

}  // namespace
