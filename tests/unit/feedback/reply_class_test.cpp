#include "engine/feedback/reply_class.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sluice::feedback {
namespace {

struct Case {
  message::Reply reply;
  BounceClass expected;
};

void expect_all(const std::vector<Case>& cases) {
  for (const auto& [reply, expected] : cases) {
    EXPECT_EQ(name_of(classify(reply)), name_of(expected))
        << reply.code << ' ' << reply.enhanced.text() << ' ' << reply.text;
  }
}

TEST(ReplyClass, WhatTheLargeReceiversSay) {
  expect_all({
      {{421, {4, 7, 28}, "Our system has detected an unusual rate of unsolicited mail"},
       BounceClass::rate_limit},
      {{421, {4, 7, 0}, "This message does not pass authentication checks"}, BounceClass::policy},
      {{450, {4, 2, 1}, "The user you are trying to contact is receiving mail too quickly"},
       BounceClass::rate_limit},
      {{452, {4, 2, 2}, "The recipient's inbox is out of storage space"}, BounceClass::mailbox_full},
      {{550, {5, 1, 1}, "The email account that you tried to reach does not exist"},
       BounceClass::invalid_recipient},
      {{550, {5, 7, 26}, "Unauthenticated email is not accepted"}, BounceClass::policy},
      {{550, {5, 7, 515}, "Access denied, sending domain does not meet the required level"},
       BounceClass::policy},
      {{421, {4, 7, 0}, "[TSS04] Messages temporarily deferred due to user complaints"},
       BounceClass::rate_limit},
      {{421, {4, 7, 1}, "[TS03] All messages from 192.0.2.1 will be deferred"}, BounceClass::rate_limit},
      {{451, {4, 7, 650}, "The mail server has been temporarily rate limited"}, BounceClass::rate_limit},
      {{454, {}, "Throttling failure: Maximum sending rate exceeded."}, BounceClass::rate_limit},
  });
}

TEST(ReplyClass, ADnsblIsTheSourcesFaultWhateverTheCode) {
  expect_all({
      {{550, {5, 7, 1}, "Service unavailable; blocked using zen.spamhaus.org"}, BounceClass::blocklist},
      {{554, {5, 7, 1}, "192.0.2.1 listed at bl.example"}, BounceClass::blocklist},
      {{550, {5, 1, 1}, "Rejected by SpamHaus"}, BounceClass::blocklist},
      {{451, {}, "see our DNSBL"}, BounceClass::blocklist},
  });
}

TEST(ReplyClass, GreylistingIsFoundByItsWords) {
  expect_all({
      {{450, {4, 2, 0}, "<a@b.test>: Recipient address rejected: Greylisted, see http://postgrey"},
       BounceClass::greylist},
      {{451, {4, 7, 1}, "Greylisting in action, please come back later"}, BounceClass::greylist},
      {{450, {}, "graylisted"}, BounceClass::greylist},
  });
}

TEST(ReplyClass, TableOfClasses) {
  expect_all({
      {{550, {5, 1, 10}, "Null MX"}, BounceClass::invalid_recipient},
      {{550, {5, 1, 6}, "moved"}, BounceClass::invalid_recipient},
      {{550, {}, "Unknown user"}, BounceClass::invalid_recipient},
      {{550, {5, 1, 2}, "Bad destination system"}, BounceClass::invalid_domain},
      {{550, {5, 2, 1}, "Mailbox disabled"}, BounceClass::inactive},
      {{552, {5, 2, 2}, "Mailbox is full"}, BounceClass::mailbox_full},
      {{552, {5, 3, 4}, "Message too big"}, BounceClass::too_large},
      {{552, {}, "Too big"}, BounceClass::too_large},
      {{550, {5, 7, 1}, "Message content rejected"}, BounceClass::spam_content},
      {{550, {5, 7, 1}, "Refused by local policy"}, BounceClass::policy},
      {{421, {}, "Too many connections from your host"}, BounceClass::rate_limit},
      {{535, {5, 7, 8}, "Authentication credentials invalid"}, BounceClass::auth_failure},
      {{535, {}, "Authentication failed"}, BounceClass::auth_failure},
      {{500, {}, "Syntax error"}, BounceClass::protocol},
      {{503, {5, 5, 1}, "Bad sequence"}, BounceClass::protocol},
      {{501, {5, 5, 4}, "Bad parameter"}, BounceClass::protocol},
      {{451, {4, 4, 1}, "No answer from host"}, BounceClass::network},
  });
}

TEST(ReplyClass, APolicyRefusalNeverCondemnsTheAddress) {
  for (std::uint16_t detail = 0; detail < 700; ++detail) {
    const auto found = classify({550, {5, 7, detail}, "Refused"});
    EXPECT_NE(found, BounceClass::invalid_recipient) << detail;
    EXPECT_NE(found, BounceClass::invalid_domain) << detail;
    EXPECT_NE(found, BounceClass::inactive) << detail;
  }
}

TEST(ReplyClass, ATransientReplyNeverCondemnsTheAddress) {
  for (const std::uint16_t subject : {0, 1, 2, 3, 4, 5, 6, 7}) {
    for (std::uint16_t detail = 0; detail < 30; ++detail) {
      const auto found = classify({450, {4, subject, detail}, "Later"});
      if (subject == 1 && detail == 2) continue;  // the domain, by its own code
      EXPECT_NE(found, BounceClass::invalid_recipient) << subject << '.' << detail;
      EXPECT_NE(found, BounceClass::inactive) << subject << '.' << detail;
    }
  }
}

TEST(ReplyClass, PositiveRepliesHaveNone) {
  EXPECT_EQ(classify({250, {2, 0, 0}, "queued; greylist passed"}), BounceClass::none);
  EXPECT_EQ(classify({354, {}, "go on"}), BounceClass::none);
}

TEST(ReplyClass, AnyBytesAreText) {
  std::string text;
  for (int c = 0; c < 256; ++c) text.push_back(static_cast<char>(c));
  EXPECT_EQ(classify({599, {}, text}), BounceClass::other);
  EXPECT_EQ(classify({550, {}, std::string(100'000, 'x') + "SPAMHAUS"}), BounceClass::blocklist);
}

TEST(ReplyClass, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (int c = 0; c <= static_cast<int>(BounceClass::other); ++c) {
    EXPECT_TRUE(names.insert(name_of(static_cast<BounceClass>(c))).second) << c;
  }
  EXPECT_EQ(name_of(BounceClass::none), "");
  EXPECT_EQ(name_of(BounceClass::other), "other");
}

}  // namespace
}  // namespace sluice::feedback
