// Pure parts: entries and rows, subjects, the filter, the delta, soft bounces.
#include <gtest/gtest.h>

#include "engine/suppression/delta.hpp"
#include "engine/suppression/filter.hpp"
#include "engine/suppression/soft_bounces.hpp"
#include "engine/suppression/subject.hpp"

namespace sluice::suppression {
namespace {

using std::chrono::hours;

std::string key_of(std::string_view text) {
  auto subject = Subject::parse(text);
  return subject ? subject->key : "error: " + subject.error().text;
}

TEST(Subject, OneRecipientHasOneKey) {
  EXPECT_EQ(key_of("Ann@Example.TEST"), "ann@example.test");
  EXPECT_EQ(key_of("  ann@example.test\r\n"), "ann@example.test");
  EXPECT_EQ(key_of("\"ann\"@example.test"), "ann@example.test");
  EXPECT_EQ(key_of("ann@b\xc3\xbc"
                   "cher.test"),
            "ann@xn--bcher-kva.test");
  EXPECT_EQ(key_of("a.nn+news@gmail.com"), "a.nn+news@gmail.com")
      << "dots and tags are the receiver's business";
}

TEST(Subject, AQueuedRecipientHasTheKeyItsAddressHas) {
  for (const auto* text :
       {"Ann@example.test", "\"a b\"@example.test", "\"Ann\"@example.test", "x+Y@xn--bcher-kva.test"}) {
    const std::string address(text);
    const auto at = address.rfind('@');
    std::string key;
    append_key(address.substr(0, at), address.substr(at + 1), key);
    EXPECT_EQ(key, key_of(address)) << address;
  }
}

TEST(Subject, ADomainIsKnownByItsAtOrItsDot) {
  EXPECT_EQ(key_of("@Example.test"), "@example.test");
  EXPECT_EQ(key_of("example.test"), "@example.test");
  EXPECT_EQ(domain_key("ann@example.test"), "@example.test");
  for (const auto* bad : {"", "@", "ann", "ann@", "a b@example.test", "@exa mple.test", "ann@x@", "@@x.test"})
    EXPECT_TRUE(key_of(bad).starts_with("error: ")) << bad << " gives " << key_of(bad);
}

TEST(Row, ComesBackAsItWasWritten) {
  Row row{"ann@example.test",
          {{Scope::global, Reason::manual, "", "", "operator", "eve", 1'764'104'400'000, 0},
           {Scope::tenant, Reason::complaint, "shop", "", "complaint", "", 5, 7},
           {Scope::list, Reason::unsubscribed, "shop", "news.shop.test", "page", "", 1, 0}}};
  std::string bytes;
  row.append_to(bytes);
  const auto read = Row::decode(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->subject, row.subject);
  ASSERT_EQ(read->entries.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(read->entries[i].same_as(row.entries[i].view()));
    EXPECT_EQ(read->entries[i].expires_ms, row.entries[i].expires_ms);
    EXPECT_EQ(read->entries[i].by, row.entries[i].by);
  }
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto part = Row::decode(std::string_view(bytes).substr(0, cut));
    EXPECT_TRUE(!part || part->entries.size() < 3) << "cut at " << cut;
  }
  bytes[0] = 9;
  EXPECT_FALSE(Row::decode(bytes)) << "an unknown version";
}

TEST(Entry, ScopesNeedTheirNames) {
  EXPECT_TRUE((Entry{.scope = Scope::global}.check()));
  EXPECT_FALSE((Entry{.scope = Scope::global, .tenant = "shop"}.check()));
  EXPECT_FALSE((Entry{.scope = Scope::tenant}.check()));
  EXPECT_FALSE((Entry{.scope = Scope::tenant, .tenant = "shop", .list_id = "news"}.check()));
  EXPECT_FALSE((Entry{.scope = Scope::list, .tenant = "shop"}.check()));
  EXPECT_TRUE((Entry{.scope = Scope::list, .tenant = "shop", .list_id = "news"}.check()));
  EXPECT_FALSE((Entry{.scope = Scope::tenant, .tenant = std::string(256, 'x')}.check()));
  EXPECT_FALSE((Entry{.by = "e\xff"}.check())) << "it could not be told in JSON";
}

TEST(Audience, IsStoppedByTheScopesThatReachIt) {
  const Audience news{"shop", "news.shop.test", false};
  const Audience receipt{"shop", "", true};
  const auto stops = [](const Audience& audience, Scope scope, Reason reason, const char* tenant = "",
                        const char* list = "") {
    return audience.stopped_by({scope, reason, tenant, list, "", "", 0, 0});
  };
  EXPECT_TRUE(stops(news, Scope::global, Reason::unsubscribed));
  EXPECT_TRUE(stops(news, Scope::tenant, Reason::complaint, "shop"));
  EXPECT_FALSE(stops(news, Scope::tenant, Reason::complaint, "other"));
  EXPECT_TRUE(stops(news, Scope::list, Reason::unsubscribed, "shop", "news.shop.test"));
  EXPECT_FALSE(stops(news, Scope::list, Reason::unsubscribed, "shop", "offers.shop.test"));
  EXPECT_FALSE(stops(news, Scope::list, Reason::unsubscribed, "other", "news.shop.test"));
  EXPECT_TRUE(stops(receipt, Scope::global, Reason::invalid_recipient));
  EXPECT_FALSE(stops(receipt, Scope::global, Reason::unsubscribed)) << "who unsubscribed gets the receipt";
  EXPECT_FALSE(stops(receipt, Scope::list, Reason::complaint, "shop", "news.shop.test"));
  EXPECT_FALSE(stops({"shop", "", false}, Scope::list, Reason::complaint, "shop", ""))
      << "no list is no list";
}

TEST(Filter, NeverDeniesWhatItHasAndGrowsByLayers) {
  Filter filter(1000);
  const HashKey key{1, 2};
  for (int i = 0; i < 20'000; ++i) filter.insert(siphash128(key, "in" + std::to_string(i)));
  for (int i = 0; i < 20'000; ++i)
    ASSERT_TRUE(filter.may_contain(siphash128(key, "in" + std::to_string(i)))) << i;
  EXPECT_GT(filter.layers(), 2U);
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) wrong += filter.may_contain(siphash128(key, "out" + std::to_string(i)));
  EXPECT_LT(wrong, 20'000 / 5) << "five layers, each one in forty at the most, and some more";
}

TEST(Delta, KnowsScopesAndWhoUnsubscribed) {
  const HashKey key{3, 4};
  Delta delta(100);
  const auto ann = siphash128(key, "ann@x.test");
  const auto domain = siphash128(key, "@x.test");
  const auto find = [&](const Audience& audience) -> std::string {
    const auto found = delta.find(ann, domain, Reach::of(key, audience));
    return found ? found->event_reason() : "";
  };
  EXPECT_EQ(find({"shop", "news", false}), "");
  const auto version = delta.version();
  delta.insert(delta_word(key, ann, {Scope::list, Reason::unsubscribed, "shop", "news", "", "", 0, 0}));
  EXPECT_NE(delta.version(), version);
  EXPECT_EQ(find({"shop", "news", false}), "unsubscribed");
  EXPECT_EQ(find({"shop", "offers", false}), "");
  EXPECT_EQ(find({"other", "news", false}), "");
  EXPECT_EQ(find({"shop", "", true}), "");
  delta.insert(delta_word(key, ann, {Scope::tenant, Reason::unsubscribed, "shop", "", "", "", 0, 0}));
  EXPECT_EQ(find({"shop", "", true}), "") << "transactional mail goes on";
  const auto dead =
      delta_word(key, domain, {Scope::tenant, Reason::invalid_domain, "shop", "", "", "", 0, 0});
  delta.insert(dead);
  EXPECT_EQ(find({"shop", "", true}), "tenant");
  delta.erase(dead);
  EXPECT_EQ(find({"shop", "", true}), "");
}

TEST(Delta, APassClearsWhatWasThereWhenItBegan) {
  const HashKey key{3, 4};
  Delta delta(10);
  const auto word = [&](const std::string& who) {
    return delta_word(key, siphash128(key, who), {Scope::global, Reason::manual, "", "", "", "", 0, 0});
  };
  const auto has = [&](const std::string& who) {
    return delta.find(siphash128(key, who), siphash128(key, "@"), Reach::of(key, {})).has_value();
  };
  for (int i = 0; i < 10; ++i) delta.insert(word(std::to_string(i)));
  EXPECT_TRUE(delta.full());
  delta.turn();
  EXPECT_FALSE(delta.full());
  delta.insert(word("late"));
  EXPECT_TRUE(has("3"));
  EXPECT_TRUE(has("late"));
  delta.clear_old();
  EXPECT_FALSE(has("3"));
  EXPECT_TRUE(has("late"));
  EXPECT_EQ(delta.size(), 1U);
}

TEST(SoftBounces, ThatCameByMailAreForgottenOnlyForADeliveryThatStays) {
  const SoftRule rule{4, hours(7 * 24), hours(20), hours(30 * 24), hours(5 * 24)};
  const auto at = [](int hour) { return std::int64_t{1'790'000'000'000} + hour * 3'600'000LL; };
  SoftBounces live;
  (void)live.add(at(0), rule);
  EXPECT_TRUE(live.accepted(at(1), rule));
  SoftBounces mailed;
  for (int day = 0; day < 7; day += 2) {
    EXPECT_EQ(mailed.add(at(24 * day), rule, true), SoftBounces::Step::counted) << day;
    EXPECT_FALSE(mailed.accepted(at(24 * day + 23), rule)) << "it may still come back";
  }
  std::string bytes;
  mailed.append_to(bytes);
  auto again = SoftBounces::decode(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->accepted_ms, mailed.accepted_ms);
  EXPECT_EQ(again->add(at(24 * 7), rule, true), SoftBounces::Step::promoted);
  EXPECT_TRUE(mailed.accepted(at(24 * 12), rule)) << "what was accepted five days ago was read";
  EXPECT_EQ(mailed.add(at(24 * 13), rule, true), SoftBounces::Step::counted);
  EXPECT_EQ(mailed.events, 1U) << "and counting begins anew";
}

TEST(SoftBounces, ArePromotedAfterEnoughEventsOverEnoughTime) {
  const SoftRule rule{4, hours(7 * 24), hours(20), hours(30 * 24)};
  const auto at = [](int hour) { return std::int64_t{hour} * 3'600'000; };
  using enum SoftBounces::Step;
  SoftBounces soft;
  EXPECT_EQ(soft.add(at(0), rule), counted);
  EXPECT_EQ(soft.add(at(1), rule), ignored) << "the same message, tried again";
  EXPECT_EQ(soft.add(at(24), rule), counted);
  EXPECT_EQ(soft.add(at(48), rule), counted);
  EXPECT_EQ(soft.add(at(72), rule), counted) << "four events, but over three days only";
  EXPECT_EQ(soft.add(at(7 * 24), rule), promoted);
  SoftBounces old;
  for (const int day : {0, 1, 2}) EXPECT_EQ(old.add(at(day * 24), rule), counted);
  EXPECT_EQ(old.add(at(2 * 24 + 30 * 24 + 1), rule), counted);
  EXPECT_EQ(old.events, 1U) << "a month of silence forgets";
  std::string bytes;
  soft.append_to(bytes);
  EXPECT_EQ(SoftBounces::decode(bytes)->events, soft.events);
  EXPECT_FALSE(SoftBounces::decode(bytes.substr(1)));
}

}  // namespace
}  // namespace sluice::suppression
