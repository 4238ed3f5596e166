#include "engine/delivery/outcome.hpp"

#include <gtest/gtest.h>

namespace sluice::delivery {
namespace {

using feedback::BounceClass;
using queue::EventKind;
using smtp::Stage;

Outcome outcome_of(const Ending& ending) {
  return delivery::outcome_of(ending, feedback::Classifier::builtin());
}

Outcome of(Stage stage, message::Reply reply) {
  smtp::RecipientResult result;
  result.stage = stage;
  result.reply = std::move(reply);
  return outcome_of(ending_of(result));
}

Outcome of(Stage stage, ErrorCode code, bool in_doubt = false) {
  smtp::RecipientResult result;
  result.stage = stage;
  result.error = Error{code, "what happened"};
  result.in_doubt = in_doubt;
  return outcome_of(ending_of(result));
}

Outcome opening(Stage stage, message::Reply reply) {
  smtp::OpenFailure failure;
  failure.stage = stage;
  failure.reply = std::move(reply);
  return outcome_of(ending_of(failure));
}

Outcome opening(Stage stage, ErrorCode code) {
  smtp::OpenFailure failure;
  failure.stage = stage;
  failure.error = Error{code, "what happened"};
  return outcome_of(ending_of(failure));
}

TEST(Outcome, OnlyA2xxToTheEndOfTheMessageDelivers) {
  EXPECT_EQ(of(Stage::dot, {250, {2, 0, 0}, "queued"}).kind, EventKind::delivered);
  for (const auto stage : {Stage::mail, Stage::rcpt, Stage::data, Stage::rset, Stage::quit}) {
    const auto outcome = of(stage, {250, {2, 0, 0}, "OK"});
    EXPECT_EQ(outcome.kind, EventKind::deferred) << smtp::name_of(stage);
    EXPECT_EQ(outcome.bounce_class, BounceClass::protocol) << smtp::name_of(stage);
  }
}

TEST(Outcome, APermanentReplyAboutTheMessageBounces) {
  for (const auto stage : {Stage::mail, Stage::rcpt, Stage::data, Stage::dot}) {
    const auto outcome = of(stage, {550, {5, 1, 1}, "No such user"});
    EXPECT_EQ(outcome.kind, EventKind::bounced) << smtp::name_of(stage);
    // Before RCPT nobody has been named.
    const auto wanted = stage == Stage::mail ? BounceClass::policy : BounceClass::invalid_recipient;
    EXPECT_EQ(outcome.bounce_class, wanted) << smtp::name_of(stage);
    EXPECT_EQ(outcome.path, PathAction::none);
  }
}

TEST(Outcome, ATransientReplyDefers) {
  for (const auto stage : {Stage::mail, Stage::rcpt, Stage::data, Stage::dot}) {
    const auto outcome = of(stage, {451, {4, 3, 0}, "Later"});
    EXPECT_EQ(outcome.kind, EventKind::deferred) << smtp::name_of(stage);
    EXPECT_EQ(outcome.path, PathAction::none);
  }
}

TEST(Outcome, ARefusalBeforeTheMessageIsThePathsAffair) {
  for (const auto stage : {Stage::connect, Stage::banner, Stage::ehlo, Stage::starttls, Stage::auth}) {
    const auto outcome = opening(stage, {554, {5, 7, 1}, "Go away"});
    EXPECT_EQ(outcome.kind, EventKind::deferred) << smtp::name_of(stage);
    EXPECT_EQ(outcome.path, PathAction::back_off) << smtp::name_of(stage);
  }
}

TEST(Outcome, RateLimitsAndBlocklistsSlowThePath) {
  EXPECT_EQ(of(Stage::rcpt, {421, {4, 7, 28}, "unusual rate"}).path, PathAction::back_off);
  EXPECT_EQ(of(Stage::mail, {421, {}, "closing"}).path, PathAction::back_off);
  EXPECT_EQ(of(Stage::rcpt, {450, {4, 2, 0}, "Too many messages"}).path, PathAction::back_off);
  const auto listed = of(Stage::rcpt, {550, {5, 7, 1}, "blocked using zen.spamhaus.org"});
  EXPECT_EQ(listed.path, PathAction::back_off);
  EXPECT_EQ(listed.bounce_class, BounceClass::blocklist);
}

TEST(Outcome, GreylistingIsNotPunished) {
  const auto outcome = of(Stage::rcpt, {450, {4, 7, 1}, "Greylisted"});
  EXPECT_EQ(outcome.kind, EventKind::deferred);
  EXPECT_EQ(outcome.bounce_class, BounceClass::greylist);
  EXPECT_EQ(outcome.path, PathAction::none);
}

TEST(Outcome, OurOwnConfigurationIsNotHeldAgainstTheRecipient) {
  EXPECT_EQ(of(Stage::mail, {530, {5, 7, 0}, "Must issue STARTTLS first"}).kind, EventKind::deferred);
  EXPECT_EQ(of(Stage::mail, {538, {}, "Encryption required"}).kind, EventKind::deferred);
  EXPECT_EQ(of(Stage::mail, {535, {5, 7, 8}, "Bad credentials"}).kind, EventKind::deferred);
}

TEST(Outcome, ALostAnswerToTheEndIsInDoubt) {
  for (const auto code : {ErrorCode::timeout, ErrorCode::unavailable, ErrorCode::invalid_input}) {
    const auto outcome = of(Stage::dot, code, true);
    EXPECT_EQ(outcome.kind, EventKind::in_doubt);
    EXPECT_EQ(outcome.text, "what happened");
    EXPECT_EQ(outcome.path, PathAction::none);
  }
}

TEST(Outcome, ALostConnectionBeforeTheEndDefers) {
  for (const auto stage : {Stage::mail, Stage::rcpt, Stage::data, Stage::dot}) {
    const auto outcome = of(stage, ErrorCode::unavailable);
    EXPECT_EQ(outcome.kind, EventKind::deferred) << smtp::name_of(stage);
    EXPECT_EQ(outcome.bounce_class, BounceClass::network);
    EXPECT_EQ(outcome.text, "what happened");
  }
}

TEST(Outcome, FailuresToConnectSlowThePath) {
  const auto refused = opening(Stage::connect, ErrorCode::unavailable);
  EXPECT_EQ(refused.kind, EventKind::deferred);
  EXPECT_EQ(refused.bounce_class, BounceClass::network);
  EXPECT_EQ(refused.path, PathAction::back_off);
  const auto tls = opening(Stage::starttls, ErrorCode::unavailable);
  EXPECT_EQ(tls.bounce_class, BounceClass::tls);
  EXPECT_EQ(tls.path, PathAction::back_off);
}

TEST(Outcome, APeerThatBreaksTheProtocolNeverDeliversOrBounces) {
  for (const auto stage : {Stage::mail, Stage::rcpt, Stage::data}) {
    const auto outcome = of(stage, ErrorCode::invalid_input);
    EXPECT_EQ(outcome.kind, EventKind::deferred);
    EXPECT_EQ(outcome.bounce_class, BounceClass::protocol);
  }
}

TEST(Outcome, WhatMayNotBeSentBouncesHere) {
  using smtp::LocalFailure;
  for (const auto local :
       {LocalFailure::too_large, LocalFailure::utf8_not_offered, LocalFailure::eight_bit_not_offered,
        LocalFailure::illegal_message, LocalFailure::illegal_address}) {
    smtp::RecipientResult result;
    result.local = local;
    const auto outcome = outcome_of(ending_of(result));
    EXPECT_EQ(outcome.kind, EventKind::bounced) << smtp::name_of(local);
    EXPECT_EQ(outcome.bounce_class,
              local == LocalFailure::too_large ? BounceClass::too_large : BounceClass::content);
    EXPECT_EQ(outcome.text, smtp::name_of(local));
  }
}

TEST(Outcome, RoutingFailuresAreOfTheDomainOrOfDns) {
  const auto nobody = outcome_of(ending_of(
      dns::RouteFailure{true, dns::FailureClass::invalid_domain, "5.1.2", "no such domain: gone.test"}));
  EXPECT_EQ(nobody.kind, EventKind::bounced);
  EXPECT_EQ(nobody.bounce_class, BounceClass::invalid_domain);
  EXPECT_EQ(nobody.text, "no such domain: gone.test");
  const auto later = outcome_of(
      ending_of(dns::RouteFailure{false, dns::FailureClass::dns, "4.4.3", "no answer for slow.test"}));
  EXPECT_EQ(later.kind, EventKind::deferred);
  EXPECT_EQ(later.bounce_class, BounceClass::dns);
  EXPECT_EQ(later.path, PathAction::none);
}

TEST(Outcome, AnAttemptWithoutAResultIsTriedAgain) {
  const auto outcome = outcome_of(Ending{});
  EXPECT_EQ(outcome.kind, EventKind::deferred);
  EXPECT_FALSE(outcome.text.empty());
}

TEST(Outcome, NoReplyReachesAFinalItShouldNot) {
  // Every reply a server may give, at every stage of a transaction: final only as the header promises.
  for (std::uint16_t code = 200; code < 600; ++code) {
    for (const auto stage : {Stage::mail, Stage::rcpt, Stage::data, Stage::dot}) {
      const auto kind = of(stage, {code, {}, "text"}).kind;
      if (kind == EventKind::delivered) EXPECT_TRUE(stage == Stage::dot && code < 400) << code;
      if (kind == EventKind::bounced) EXPECT_GE(code, 500) << code;
      EXPECT_NE(kind, EventKind::in_doubt) << code;
    }
  }
}

}  // namespace
}  // namespace sluice::delivery
