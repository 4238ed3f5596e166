#include "engine/feedback/classifier.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sluice::feedback {
namespace {

struct Case {
  message::Reply reply;
  BounceClass expected;
};

BounceClass class_of(const message::Reply& reply, std::string_view stage = "rcpt") {
  const Refusal refusal{reply.code, reply.enhanced, reply.text, stage, {}, {}};
  return Classifier::builtin().classify(refusal).bounce_class;
}

void expect_all(const std::vector<Case>& cases) {
  for (const auto& [reply, expected] : cases) {
    EXPECT_EQ(name_of(class_of(reply)), name_of(expected))
        << reply.code << ' ' << reply.enhanced.text() << ' ' << reply.text;
  }
}

TEST(Classifier, WhatTheLargeReceiversSay) {
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

TEST(Classifier, ADnsblIsTheSourcesFaultWhateverTheCode) {
  expect_all({
      {{550, {5, 7, 1}, "Service unavailable; blocked using zen.spamhaus.org"}, BounceClass::blocklist},
      {{554, {5, 7, 1}, "192.0.2.1 listed at bl.example"}, BounceClass::blocklist},
      {{550, {5, 1, 1}, "Rejected by SpamHaus"}, BounceClass::blocklist},
      {{451, {}, "see our DNSBL"}, BounceClass::blocklist},
  });
}

TEST(Classifier, GreylistingIsFoundByItsWords) {
  expect_all({
      {{450, {4, 2, 0}, "<a@b.test>: Recipient address rejected: Greylisted, see http://postgrey"},
       BounceClass::greylist},
      {{451, {4, 7, 1}, "Greylisting in action, please come back later"}, BounceClass::greylist},
      {{450, {}, "graylisted"}, BounceClass::greylist},
  });
}

TEST(Classifier, TableOfClasses) {
  expect_all({
      {{550, {5, 1, 10}, "Null MX"}, BounceClass::invalid_domain},
      {{550, {5, 1, 10}, "RESOLVER.ADR.RecipientNotFound"}, BounceClass::invalid_recipient},
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

TEST(Classifier, APolicyRefusalNeverCondemnsTheAddress) {
  for (std::uint16_t detail = 0; detail < 700; ++detail) {
    const auto found = class_of({550, {5, 7, detail}, "Refused"});
    EXPECT_NE(found, BounceClass::invalid_recipient) << detail;
    EXPECT_NE(found, BounceClass::invalid_domain) << detail;
    EXPECT_NE(found, BounceClass::inactive) << detail;
  }
}

TEST(Classifier, ATransientReplyNeverCondemnsTheAddress) {
  for (const std::uint16_t subject : {0, 1, 2, 3, 4, 5, 6, 7}) {
    for (std::uint16_t detail = 0; detail < 30; ++detail) {
      const auto found = class_of({450, {4, subject, detail}, "Later"});
      if (subject == 1 && detail == 2) continue;  // the domain, by its own code
      EXPECT_NE(found, BounceClass::invalid_recipient) << subject << '.' << detail;
      EXPECT_NE(found, BounceClass::inactive) << subject << '.' << detail;
    }
  }
}

TEST(Classifier, UnknownUserIsBelievedWhereTheServerLooksThemUp) {
  const message::Reply bare{550, {}, "User unknown"};
  EXPECT_EQ(class_of(bare, "rcpt"), BounceClass::invalid_recipient);
  EXPECT_EQ(class_of(bare, "dot"), BounceClass::policy);
  EXPECT_EQ(class_of(bare, ""), BounceClass::policy);
  EXPECT_EQ(class_of({550, {5, 1, 1}, "User unknown"}, "dot"), BounceClass::invalid_recipient);
  EXPECT_EQ(class_of({550, {5, 7, 1}, "User unknown"}, "rcpt"), BounceClass::policy);
}

TEST(Classifier, WordsAboutTheSenderAreNotAboutTheRecipient) {
  expect_all({
      {{550, {5, 1, 7}, "Sender address rejected: User unknown in virtual mailbox table"},
       BounceClass::policy},
      {{550, {5, 1, 8}, "Sender address rejected: Domain not found"}, BounceClass::policy},
      {{550, {}, "Unroutable sender address"}, BounceClass::policy},
      {{554, {5, 7, 1}, "Relay access denied"}, BounceClass::policy},
      {{550, {5, 7, 27}, "Sender address has null MX"}, BounceClass::policy},
      {{550, {5, 1, 1}, "203.0.113.2 has sent to too many recipients this hour"}, BounceClass::rate_limit},
  });
}

TEST(Classifier, SaysWhichRuleDecided) {
  const auto verdict = Classifier::builtin().classify({550, {5, 1, 1}, "nothing known", "rcpt", {}, {}});
  EXPECT_EQ(verdict.rule_id(), "code-address");
  EXPECT_FALSE(verdict.by_text);
  EXPECT_TRUE(Classifier::builtin().classify({550, {}, "greylisted", "rcpt", {}, {}}).by_text);
}

TEST(Classifier, RulesAskForStageProviderAndHost) {
  std::vector<Rule> rules(3);
  rules[0].id = "a";
  rules[0].stages = {"mail"};
  rules[1].id = "b";
  rules[1].providers = {"google"};
  rules[2].id = "c";
  rules[2].mx = {"Example.net"};
  const auto classifier = Classifier::build(rules);
  ASSERT_TRUE(classifier);
  const auto of = [&](std::string_view stage, std::string_view provider, std::string_view mx) {
    return classifier->classify({550, {}, "x", stage, provider, mx}).rule_id();
  };
  EXPECT_EQ(of("mail", "google", ""), "a");
  EXPECT_EQ(of("rcpt", "google", ""), "b");
  EXPECT_EQ(of("rcpt", "", "mx.example.net."), "c");
  EXPECT_EQ(of("rcpt", "", "EXAMPLE.NET"), "c");
  EXPECT_EQ(of("rcpt", "", "badexample.net"), "");
}

TEST(Action, OnlyClassesThatSpeakOfTheAddressSuppress) {
  for (std::size_t i = 0; i < kBounceClasses; ++i) {
    const auto bounce_class = static_cast<BounceClass>(i);
    const auto recipient = action_of(bounce_class).recipient;
    const bool suppresses =
        recipient == RecipientAction::suppress || recipient == RecipientAction::suppress_domain;
    const bool speaks_of_it = bounce_class == BounceClass::invalid_recipient ||
                              bounce_class == BounceClass::invalid_domain ||
                              bounce_class == BounceClass::inactive;
    EXPECT_EQ(suppresses, speaks_of_it) << name_of(bounce_class);
  }
  EXPECT_EQ(action_of(BounceClass::inactive, Witness::bounce).recipient, RecipientAction::count_soft);
  EXPECT_EQ(action_of(BounceClass::greylist).retry, RetryAction::greylist);
  EXPECT_EQ(action_of(BounceClass::blocklist).brake, Brake::source_out);
}

TEST(Classifier, PositiveRepliesHaveNone) {
  EXPECT_EQ(class_of({250, {2, 0, 0}, "queued; greylist passed"}), BounceClass::none);
  EXPECT_EQ(class_of({354, {}, "go on"}), BounceClass::none);
}

TEST(Classifier, AnyBytesAreText) {
  std::string text;
  for (int c = 0; c < 256; ++c) text.push_back(static_cast<char>(c));
  EXPECT_EQ(class_of({599, {}, text}), BounceClass::other);
  const ClassifierOptions limits;
  const std::string filling(limits.text_bytes - 8, 'x');
  EXPECT_EQ(class_of({550, {}, filling + "SPAMHAUS"}), BounceClass::blocklist);
  EXPECT_EQ(class_of({550, {}, filling + "xSPAMHAUS"}), BounceClass::other);
  EXPECT_EQ(class_of({550, {}, std::string(10'000'000, '\xff')}), BounceClass::other);
}

TEST(Classifier, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (int c = 0; c <= static_cast<int>(BounceClass::other); ++c) {
    EXPECT_TRUE(names.insert(name_of(static_cast<BounceClass>(c))).second) << c;
  }
  EXPECT_EQ(name_of(BounceClass::none), "");
  EXPECT_EQ(name_of(BounceClass::other), "other");
}

}  // namespace
}  // namespace sluice::feedback
