#include "engine/shaping/engine.hpp"

#include <gtest/gtest.h>

#include "engine/shaping/observer.hpp"
#include "fake_effects.hpp"

namespace sluice::shaping {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using throttle::Dimension;

const message::Reply kRate{421, {4, 7, 28}, "unusual rate of mail"};
const message::Reply kMany{421, {4, 7, 0}, "Too many connections"};
const message::Reply kListed{554, {5, 7, 1}, "blocked using zen.spamhaus.org"};

RuleOptions rule(const std::string& name, Action action, const std::string& text) {
  RuleOptions out;
  out.name = name;
  out.texts = {text};
  out.action = action;
  return out;
}

Options three_rules() {
  Options out;
  out.rules = {rule("connections", Action::connections, "too many connections"),
               rule("listed", Action::source_out, "blocked using"), rule("rate", Action::slow, "rate")};
  return out;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() { start(three_rules()); }

  void start(Options options) {
    observer.reset();
    engine.reset();
    auto made = Engine::make(std::move(options), effects, Random(7));
    ASSERT_TRUE(made) << made.error().text;
    engine = std::move(*made);
    observer = std::make_unique<Observer>(*engine);
  }

  Observation what(Result result, const message::Reply* reply = nullptr) const {
    Observation out;
    out.place = {"a", "google", "mx.google.com"};
    out.path = 1;
    out.origin = {9, "autumn", "shop"};
    out.stage = "mail";
    out.reply = reply;
    out.result = result;
    if (result == Result::deferred) out.bounce_class = "rate-limit";
    out.connections = 3;
    return out;
  }

  void deliver(int count) {
    for (int i = 0; i < count; ++i) observer->note(what(Result::delivered), now);
    observer->flush(now);
  }
  void end_badly(int count, Result result, std::string_view bounce_class) {
    static const message::Reply kOdd{450, {4, 3, 0}, "odd"};
    for (int i = 0; i < count; ++i) {
      auto one = what(result, &kOdd);
      one.bounce_class = bounce_class;
      observer->note(one, now);
    }
    observer->flush(now);
  }

  Instant now = from_ms(1'800'000'000'000);
  FakeEffects effects;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Observer> observer;
};

TEST_F(EngineTest, ARateReplyPausesThePathThenSlowsTheProvider) {
  deliver(200);
  const auto verdict = observer->note(what(Result::deferred, &kRate), now);
  EXPECT_TRUE(verdict.taken);
  EXPECT_GE(verdict.hold_until, now + seconds(60));
  EXPECT_EQ(verdict.cause, "rule rate: 421 4.7.28 unusual rate of mail");
  ASSERT_TRUE(effects.in_force.contains("slow:a:google"));
  ASSERT_TRUE(effects.in_force.contains("slow:a:google:pause"));
  const auto& slow = effects.in_force["slow:a:google"];
  EXPECT_EQ(slow.match[Dimension::source], "a");
  EXPECT_EQ(slow.match[Dimension::provider], "google");
  EXPECT_EQ(slow.by, "rate");
  EXPECT_EQ(slow.message_rate->text(), "100/s");
  EXPECT_GT(slow.until, verdict.hold_until);
  const auto& pause = effects.in_force["slow:a:google:pause"];
  EXPECT_TRUE(pause.pause);
  EXPECT_FALSE(pause.message_rate);
  EXPECT_EQ(pause.until, verdict.hold_until);
}

TEST_F(EngineTest, ASiteWithoutAProviderIsSlowedByItself) {
  auto one = what(Result::deferred, &kRate);
  one.place.provider = {};
  observer->note(one, now);
  EXPECT_EQ(effects.in_force["slow:a:site=mx.google.com"].match[Dimension::site], "mx.google.com");
}

TEST_F(EngineTest, RefusalsOfMailUnderWayOnlyHoldTheirPath) {
  deliver(200);
  const auto first = observer->note(what(Result::deferred, &kRate), now);
  const auto done = effects.done.size();
  now += seconds(1);
  const auto second = observer->note(what(Result::deferred, &kRate), now);
  EXPECT_EQ(second.hold_until, first.hold_until);
  EXPECT_EQ(effects.done.size(), done);
  EXPECT_EQ(engine->stats().refusals, 2U);
  EXPECT_EQ(engine->stats().steps_down, 1U);
}

TEST_F(EngineTest, FullRateComesBackByItself) {
  deliver(200);
  observer->note(what(Result::deferred, &kRate), now);
  const auto end = now + hours(2);
  std::size_t renewals = 0;
  for (; now < end && !effects.in_force.empty(); now += seconds(1)) {
    engine->tick(now);
    std::erase_if(effects.in_force, [&](const auto& one) { return one.second.until <= now; });
    renewals = effects.done.size();
  }
  EXPECT_EQ(effects.done.back(), "clear slow:a:google") << "ended by a step up, not by running out";
  EXPECT_GT(renewals, 3U);
  EXPECT_EQ(engine->stats().back_offs, 0U);
}

TEST_F(EngineTest, TooManyConnectionsCapsThemAndLetsTheOthersGoOn) {
  auto one = what(Result::other, &kMany);
  one.origin = {};
  one.stage = "banner";
  const auto verdict = observer->note(one, now);
  EXPECT_EQ(verdict.hold_until, Instant{});
  EXPECT_EQ(effects.in_force["connections:a:google"].connections, 3U);
  EXPECT_FALSE(effects.in_force.contains("connections:a:google:pause"));
  one.connections = 0;
  one.place.source = "b";
  EXPECT_GT(observer->note(one, now).hold_until, now) << "with none open it waits";
  EXPECT_TRUE(effects.in_force["connections:b:google:pause"].pause);
}

TEST_F(EngineTest, ABlocklistTakesTheSourceOutAndLetsTheRecordTryAnother) {
  const auto verdict = observer->note(what(Result::bounced, &kListed), now);
  EXPECT_TRUE(verdict.other_source);
  const auto& out = effects.in_force["out:a:google"];
  EXPECT_TRUE(out.pause);
  EXPECT_EQ(out.match[Dimension::source], "a");
  EXPECT_FALSE(out.message_rate);
}

TEST_F(EngineTest, AnOperatorsCancellationIsNotUndoneByTheNextTick) {
  deliver(10);
  observer->note(what(Result::deferred, &kRate), now);
  engine->cancelled("slow:a:google:pause");
  effects.in_force.clear();
  for (int i = 0; i < 3600; ++i) engine->tick(now += seconds(1));
  EXPECT_TRUE(effects.in_force.empty());
  observer->note(what(Result::deferred, &kRate), now);
  EXPECT_TRUE(effects.in_force.contains("slow:a:google")) << "a new refusal begins anew";
}

TEST_F(EngineTest, GoesOnAfterARestartAndEnds) {
  deliver(200);
  observer->note(what(Result::deferred, &kRate), now);
  std::vector<Change> kept;
  for (const auto& [id, change] : effects.in_force) kept.push_back(change);
  Change foreign;
  foreign.id = "by hand";
  foreign.match[Dimension::provider] = "google";
  kept.push_back(foreign);
  effects.in_force.clear();
  start(three_rules());
  engine->adopt(kept, now);
  EXPECT_EQ(engine->stats().back_offs, 1U);
  for (int i = 0; i < 7200 && engine->stats().back_offs > 0; ++i) engine->tick(now += seconds(1));
  EXPECT_EQ(engine->stats().back_offs, 0U);
  EXPECT_EQ(effects.done.back(), "clear slow:a:google");
}

TEST_F(EngineTest, AtItsBoundAPathStillHolds) {
  auto options = three_rules();
  options.max_back_offs = 1;
  start(options);
  observer->note(what(Result::deferred, &kRate), now);
  auto other = what(Result::deferred, &kRate);
  other.place.source = "b";
  EXPECT_EQ(observer->note(other, now).hold_until, now + seconds(60));
  EXPECT_FALSE(effects.in_force.contains("slow:b:google"));
  EXPECT_EQ(engine->stats().crowded_out, 1U);
}

TEST_F(EngineTest, ARuleThatIgnoresLeavesTheReplyToTheRecipient) {
  auto options = three_rules();
  options.rules.insert(options.rules.begin(), rule("mailbox", Action::ignore, "that mailbox too fast"));
  start(options);
  const message::Reply reply{450, {4, 2, 1}, "you send to that mailbox too fast, rate limited"};
  EXPECT_FALSE(observer->note(what(Result::deferred, &reply), now).taken);
  EXPECT_TRUE(effects.in_force.empty());
}

TEST_F(EngineTest, HostileReplyTextsMakeOneShortPlainCause) {
  const message::Reply reply{421, {}, "rate\r\n\x1b[31m" + std::string(100'000, 'x')};
  const auto verdict = observer->note(what(Result::deferred, &reply), now);
  EXPECT_LT(verdict.cause.size(), 250U);
  for (const char c : verdict.cause) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

TEST_F(EngineTest, AReloadTakesNewRulesAndKeepsOldOnesWhenTheyAreBroken) {
  Options broken;
  broken.rules = {rule("bad", Action::slow, "(")};
  EXPECT_FALSE(engine->reload(broken));
  EXPECT_TRUE(observer->note(what(Result::deferred, &kRate), now).taken);
  ASSERT_TRUE(engine->reload(Options{}));
  EXPECT_FALSE(observer->note(what(Result::deferred, &kRate), now).taken);
  EXPECT_EQ(engine->stats().back_offs, 1U) << "what is in force runs on";
}

// -- controllers

ControllerOptions controller(Whose whose, Share share, double above, Remedy remedy) {
  ControllerOptions out;
  out.name = "c";
  out.whose = whose;
  out.share = share;
  out.above = above;
  out.minimum = 100;
  out.remedy = remedy;
  return out;
}

TEST_F(EngineTest, TooManyDeferralsSlowThePath) {
  Options options;
  options.controllers = {controller(Whose::path, Share::deferred, 0.2, Remedy::slow)};
  start(options);
  deliver(75);
  end_badly(24, Result::deferred, "policy");
  EXPECT_TRUE(effects.in_force.empty()) << "99 answers are below the minimum";
  end_badly(1, Result::deferred, "policy");
  ASSERT_TRUE(effects.in_force.contains("slow:a:google"));
  EXPECT_EQ(effects.in_force["slow:a:google"].cause, "controller c: 25.0 % of 100 deferred");
  const auto done = effects.done.size();
  end_badly(99, Result::deferred, "policy");
  EXPECT_EQ(effects.done.size(), done) << "what was acted on is not counted again";
}

TEST_F(EngineTest, GreylistingAndFullMailboxesAreNotHeldAgainstAPath) {
  Options options;
  options.controllers = {controller(Whose::path, Share::deferred, 0.1, Remedy::slow)};
  start(options);
  end_badly(500, Result::deferred, "greylist");
  end_badly(500, Result::deferred, "mailbox-full");
  EXPECT_TRUE(effects.in_force.empty());
}

TEST_F(EngineTest, OutcomesOutsideTheWindowAreForgotten) {
  Options options;
  options.controllers = {controller(Whose::path, Share::deferred, 0.2, Remedy::slow)};
  start(options);
  end_badly(90, Result::deferred, "policy");
  now += minutes(11);
  deliver(95);
  end_badly(15, Result::deferred, "policy");
  EXPECT_TRUE(effects.in_force.empty());
}

TEST_F(EngineTest, TooManyHardBouncesHoldTheCampaign) {
  Options options;
  options.controllers = {controller(Whose::campaign, Share::bounced, 0.1, Remedy::hold)};
  start(options);
  deliver(80);
  end_badly(20, Result::bounced, "invalid-recipient");
  ASSERT_EQ(effects.held.size(), 1U);
  EXPECT_EQ(effects.held[0].first, 9U);
  EXPECT_EQ(effects.held[0].second, "controller c: 20.0 % of 100 bounced");
}

TEST_F(EngineTest, ABounceThatSaysNothingOfTheAddressIsNotHard) {
  Options options;
  options.controllers = {controller(Whose::campaign, Share::bounced, 0.1, Remedy::hold)};
  start(options);
  end_badly(500, Result::bounced, "policy");
  EXPECT_TRUE(effects.held.empty());
}

TEST_F(EngineTest, ComplaintsComeLaterAndCountAgainstDeliveries) {
  Options options;
  options.controllers = {controller(Whose::tenant, Share::complained, 0.003, Remedy::pause),
                         controller(Whose::campaign, Share::complained, 0.003, Remedy::hold)};
  options.controllers[1].name = "d";
  start(options);
  deliver(1000);
  const Place place{"a", "google", "mx.google.com"};
  for (int i = 0; i < 3; ++i) engine->feedback(Feedback::complaint, place, {9, "autumn", "shop"}, now);
  EXPECT_TRUE(effects.held.empty());
  engine->feedback(Feedback::complaint, place, {9, "autumn", "shop"}, now);
  EXPECT_EQ(effects.held.size(), 1U);
  const auto& pause = effects.in_force["share:tenant shop"];
  EXPECT_TRUE(pause.pause);
  EXPECT_EQ(pause.match[Dimension::tenant], "shop");
}

TEST_F(EngineTest, UnknownRepliesSlowATenant) {
  Options options;
  options.controllers = {controller(Whose::tenant, Share::unknown, 0.2, Remedy::slow)};
  start(options);
  end_badly(100, Result::deferred, "other");
  EXPECT_DOUBLE_EQ(*effects.in_force["share:tenant shop"].scale, 0.5);
}

TEST_F(EngineTest, RefusalsOfUsSlowThePathWhetherTheyComeAtOnceOrByMail) {
  Options options;
  options.controllers = {controller(Whose::path, Share::blocked, 0.2, Remedy::slow)};
  options.controllers[0].minimum = 50;
  start(options);
  end_badly(100, Result::bounced, "policy");
  EXPECT_EQ(effects.in_force.size(), 2U) << "a pause, and the rate after it";
  start(options);
  effects.in_force.clear();
  end_badly(100, Result::bounced, "invalid-recipient");
  deliver(100);
  const Place place{"a", "google", "mx.google.com"};
  for (int i = 0; i < 40; ++i) engine->feedback(feedback_of("inactive"), place, {9, "autumn", "shop"}, now);
  EXPECT_TRUE(effects.in_force.empty());
  for (int i = 0; i < 60; ++i) engine->feedback(feedback_of("blocklist"), place, {9, "autumn", "shop"}, now);
  EXPECT_EQ(effects.in_force.size(), 2U);
}

TEST_F(EngineTest, RefusesControllersThatCannotWork) {
  auto bad = controller(Whose::tenant, Share::bounced, 0.1, Remedy::hold);
  Options options;
  options.controllers = {bad};
  EXPECT_FALSE(engine->reload(options));
  options.controllers[0].remedy = Remedy::pause;
  options.controllers[0].above = 1.5;
  EXPECT_FALSE(engine->reload(options));
  options.controllers[0].above = 0.1;
  options.controllers[0].minimum = 0;
  EXPECT_FALSE(engine->reload(options));
}

}  // namespace
}  // namespace sluice::shaping
