#include "engine/dns/router.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include "engine/net/worker.hpp"
#include "name_server.hpp"

namespace sluice::dns {
namespace {

using net::Deadline;
using namespace std::chrono_literals;

constexpr const char* kZone = R"(
several   IN MX 20 mx2.several
several   IN MX 10 mx1.several
several   IN MX 30 gone.several
mx1.several IN A 192.0.2.1
mx1.several IN A 192.0.2.11
mx2.several IN A 192.0.2.2
mx2.several IN AAAA 2001:db8::2
same      IN MX 5 mx2.several
same      IN MX 5 MX1.several
same      IN MX 5 gone.several
equal     IN MX 10 mx1.several
equal     IN MX 10 mx2.several
null      IN MX 0 .
plain     IN A 192.0.2.7
six       IN AAAA 2001:db8::7
alias     IN CNAME several
away      IN MX 10 gone.several
empty     IN TXT "no mail here"
lost      IN MX 10 host.broken.example.
us        IN MX 10 mx.us
mx.us     IN A 192.0.2.99
*.bulk    IN MX 10 mx1.several
)";

std::unique_ptr<NameServer> server;

class RouterTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server = std::make_unique<NameServer>(std::map<std::string, std::string>{{"test", kZone}},
                                          std::vector<std::string>{"broken.example"});
  }
  static void TearDownTestSuite() { server.reset(); }

  RouterTest() { resolver_options.library.servers = {server->address()}; }
  ~RouterTest() override {
    if (made)
      on_home([](Router& r) -> net::Task<bool> {
        co_await r.close();
        co_return true;
      });
    home.post([this] { resolver.reset(); });
    home.finish();
    home.join();
  }

  Router& router() {
    if (made) return *made;
    auto r = Resolver::make(home.context(), clock, resolver_options);
    if (!r) throw std::runtime_error(r.error().text);
    resolver = std::move(*r);
    auto table = RouteTable::make(rules, 25);
    if (!table) throw std::runtime_error(table.error().text);
    made = std::make_unique<Router>(home.context(), *resolver, clock, options, std::move(*table), Random(1));
    home.start();
    return *made;
  }
  template <class Fn>
  void on_home(Fn fn) {
    auto task = fn(*made);
    net::asio::co_spawn(home.context(), std::move(task), net::asio::use_future).get();
  }
  /// From a thread that is not home's.
  RouteResult resolve(std::string domain, std::chrono::milliseconds limit = 20s) {
    return run(loop, router().resolve(std::move(domain), Deadline::after(limit)));
  }
  PlanPtr plan(const std::string& domain) {
    auto result = resolve(domain);
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().text);
    return result ? *result : std::make_shared<const MxPlan>();
  }
  void expect_failure(const std::string& domain, bool permanent, FailureClass c, const char* enhanced) {
    const auto result = resolve(domain);
    ASSERT_FALSE(result.has_value()) << domain;
    EXPECT_EQ(result.error().permanent, permanent) << result.error().text;
    EXPECT_EQ(result.error().failure_class, c) << result.error().text;
    EXPECT_EQ(result.error().enhanced, enhanced) << result.error().text;
  }
  static std::vector<std::string> endpoints(const MxPlan& p) {
    std::vector<std::string> out;
    for (const auto& e : p.endpoints) {
      out.push_back(p.hosts[e.host].name + "=" + e.address.to_string() + ":" + std::to_string(e.port));
    }
    return out;
  }

  SystemClock clock;
  net::Worker home{"resolver"};
  net::asio::io_context loop{1};
  ResolverOptions resolver_options;
  RouterOptions options;
  std::vector<RouteRule> rules;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<Router> made;
};

using Strings = std::vector<std::string>;

TEST_F(RouterTest, PlansSeveralHostsWithTheirAddresses) {
  options.planner.plan.smtp_port = 2525;
  options.planner.plan.max_addresses_per_host = 1;
  options.planner.plan.order = AddressOrder::prefer_v6;
  const auto p = plan("Several.TEST.");
  ASSERT_EQ(p->endpoints.size(), 2U);
  EXPECT_EQ(p->hosts[0].name, "mx1.several.test");
  EXPECT_EQ(endpoints(*p)[1], "mx2.several.test=2001:db8::2:2525");
  EXPECT_GT(p->expires, clock.now());
}

TEST_F(RouterTest, DomainsWithOneSetOfHostsShareASite) {
  const auto site = plan("several.test")->site;
  EXPECT_TRUE(site.starts_with("gone.several.test+2:")) << site;
  EXPECT_EQ(plan("same.test")->site, site);
  EXPECT_EQ(plan("alias.test")->site, site);
  EXPECT_NE(plan("equal.test")->site, site);
}

TEST_F(RouterTest, EqualPreferencesDifferBetweenPlansAndAttempts) {
  options.planner.plan.use_v6 = false;
  const auto p = plan("equal.test");
  Random random(3);
  std::set<std::uint16_t> first;
  for (int i = 0; i < 50; ++i) first.insert(attempt_order(*p, random).front());
  EXPECT_EQ(first.size(), 2U);
}

TEST_F(RouterTest, WithoutMxTheAddressesOfTheDomainAreUsed) {
  const auto p = plan("plain.test");
  EXPECT_EQ(p->kind, PlanKind::implicit);
  EXPECT_EQ(p->site, "plain.test");
  EXPECT_EQ(endpoints(*p), Strings{"plain.test=192.0.2.7:25"});
  EXPECT_EQ(endpoints(*plan("six.test")), Strings{"six.test=2001:db8::7:25"});
}

TEST_F(RouterTest, FailuresAreClassified) {
  expect_failure("null.test", true, FailureClass::invalid_domain, "5.1.10");
  expect_failure("missing.test", true, FailureClass::invalid_domain, "5.1.2");
  expect_failure("empty.test", true, FailureClass::invalid_domain, "5.1.2");
  expect_failure("away.test", true, FailureClass::invalid_domain, "5.4.4");
  expect_failure("not a domain", true, FailureClass::invalid_domain, "5.1.2");
  expect_failure("x.broken.example", false, FailureClass::dns, "4.4.3");
  expect_failure("lost.test", false, FailureClass::dns, "4.4.3");
}

TEST_F(RouterTest, MailForOurselvesIsALoop) {
  options.planner.plan.own_addresses = {{boost::asio::ip::make_address("192.0.2.99"), 25}};
  expect_failure("us.test", true, FailureClass::dns, "5.4.6");
}

TEST_F(RouterTest, CachedAnswersAtOnceAndOnlyUntilItExpires) {
  EXPECT_FALSE(router().cached("plain.test", clock.now()).has_value());
  const auto p = plan("plain.test");
  const auto hit = router().cached("plain.test", clock.now());
  ASSERT_TRUE(hit.has_value());
  EXPECT_EQ(hit->value(), p);
  EXPECT_FALSE(router().cached("plain.test", p->expires).has_value());
}

TEST_F(RouterTest, ForgetMakesTheNextCallerAskAgain) {
  (void)plan("plain.test");
  router().forget("plain.test");
  EXPECT_FALSE(router().cached("plain.test", clock.now()).has_value());
  (void)plan("plain.test");
  EXPECT_EQ(router().stats().resolved, 2U);
}

TEST_F(RouterTest, RoutesComeBeforeTheDns) {
  rules = {{"several.test", {"plain.test:587", "[192.0.2.200]:2525"}, "required", "relay1"},
           {"*.corp", {"nowhere.test"}, "", ""}};
  const auto p = plan("several.test");
  EXPECT_EQ(p->kind, PlanKind::route);
  EXPECT_EQ(endpoints(*p), (Strings{"plain.test=192.0.2.7:587", "192.0.2.200=192.0.2.200:2525"}));
  EXPECT_EQ(p->tls, "required");
  EXPECT_EQ(p->credentials, "relay1");
  EXPECT_TRUE(p->site.starts_with("192.0.2.200:2525+1:")) << p->site;
  expect_failure("a.corp", true, FailureClass::invalid_domain, "5.4.4");
  EXPECT_EQ(plan("equal.test")->kind, PlanKind::mx);
}

TEST_F(RouterTest, ARouteOfAPoolAloneGoesToTheMx) {
  rules = {{"several.test", {}, "", "", "special"}, {"same.test", {}, "required", "", "special"}};
  const auto p = plan("several.test");
  EXPECT_EQ(p->kind, PlanKind::mx);
  EXPECT_EQ(p->pool, "special");
  EXPECT_EQ(p->hosts.front().name, "mx1.several.test");
  const auto required = plan("same.test");
  EXPECT_EQ(required->tls, "required");
  EXPECT_TRUE(required->site.ends_with(";tls=required")) << required->site;
  EXPECT_EQ(plan("equal.test")->pool, "");
}

TEST_F(RouterTest, NewRoutesReplaceThePlansOfOldOnes) {
  EXPECT_EQ(plan("plain.test")->kind, PlanKind::implicit);
  on_home([](Router& r) -> net::Task<bool> {
    r.set_routes(*RouteTable::make({{"*", {"[192.0.2.200]:2525"}, "", ""}}, 25));
    co_return true;
  });
  EXPECT_EQ(plan("plain.test")->kind, PlanKind::route);
}

TEST_F(RouterTest, AddressLiteralsNeedPermission) {
  expect_failure("[192.0.2.1]", true, FailureClass::invalid_domain, "5.1.2");
  expect_failure("[x\r\ny]", true, FailureClass::invalid_domain, "5.1.2");
}

TEST_F(RouterTest, AddressLiteralsGoThere) {
  options.planner.address_literals = true;
  EXPECT_EQ(endpoints(*plan("[192.0.2.1]")), Strings{"[192.0.2.1]=192.0.2.1:25"});
  EXPECT_EQ(endpoints(*plan("[ipv6:2001:DB8::1]")), Strings{"[IPv6:2001:db8::1]=2001:db8::1:25"});
  expect_failure("[2001:db8::1]", true, FailureClass::invalid_domain, "5.1.2");
}

TEST_F(RouterTest, EndsAtTheCallersDeadlineAndRecovers) {
  NameServer own({{"test", kZone}});
  resolver_options.library.servers = {own.address()};
  resolver_options.query_timeout = 300ms;
  resolver_options.cache.failure_ttl = 0s;
  options.planner.min_plan_ttl = 0s;
  own.stop();
  const auto start = std::chrono::steady_clock::now();
  const auto failed = resolve("plain.test", 200ms);
  ASSERT_FALSE(failed.has_value());
  EXPECT_FALSE(failed.error().permanent);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  own.start();
  const auto limit = std::chrono::steady_clock::now() + 30s;
  auto back = resolve("plain.test");
  while (!back && std::chrono::steady_clock::now() < limit) back = resolve("plain.test");
  EXPECT_TRUE(back.has_value());
}

TEST_F(RouterTest, CallersBeyondTheLimitFailTemporarily) {
  SilentServer silent;
  resolver_options.library.servers = {silent.address()};
  options.max_waiting = 2;
  options.max_resolving = 1;
  std::vector<std::future<RouteResult>> all;
  for (int i = 0; i < 5; ++i) {
    auto task = router().resolve("d" + std::to_string(i) + ".test", Deadline::after(300ms));
    all.push_back(net::asio::co_spawn(home.context(), std::move(task), net::asio::use_future));
  }
  for (auto& one : all) {
    const auto result = one.get();
    ASSERT_FALSE(result.has_value());
    EXPECT_FALSE(result.error().permanent);
  }
  EXPECT_EQ(router().stats().refused, 3U);
  EXPECT_EQ(router().stats().resolving, 1U);
}

TEST_F(RouterTest, CloseFailsTheWaitingTemporarily) {
  SilentServer silent;
  resolver_options.library.servers = {silent.address()};
  auto task = router().resolve("plain.test", Deadline::never());
  auto waiting = net::asio::co_spawn(home.context(), std::move(task), net::asio::use_future);
  while (router().stats().resolving == 0) std::this_thread::yield();
  on_home([](Router& r) -> net::Task<bool> {
    co_await r.close();
    co_return true;
  });
  const auto result = waiting.get();
  ASSERT_FALSE(result.has_value());
  EXPECT_FALSE(result.error().permanent);
  EXPECT_FALSE(resolve("plain.test").has_value());
}

net::Task<> resolve_one(Router& router, int number, std::atomic<int>& good) {
  std::string domain = "d" + std::to_string(number) + ".bulk.test";
  const auto result = co_await router.resolve(std::move(domain), Deadline::after(20s));
  if (result) ++good;
}

net::Task<> resolve_many(Router& router, int from, int to, std::atomic<int>& good, std::atomic<int>& ended) {
  for (int i = from; i < to; ++i) {
    std::string domain = "d" + std::to_string(i) + ".bulk.test";
    const auto result = co_await router.resolve(std::move(domain), Deadline::after(60s));
    if (result && (*result)->site == "mx1.several.test") ++good;
  }
  ++ended;
}

TEST_F(RouterTest, ManyWorkersResolveTenThousandDomains) {
  options.max_plans = 20'000;
  constexpr int kDomains = 10'000;
  constexpr int kTasks = 100;
  std::atomic<int> good{0};
  std::atomic<int> ended{0};
  auto& r = router();
  std::vector<std::future<void>> all;
  std::vector<std::unique_ptr<net::Worker>> workers;
  for (int w = 0; w < 3; ++w) workers.push_back(std::make_unique<net::Worker>("w"));
  for (int t = 0; t < kTasks; ++t) {
    for (auto& worker : workers) {  // every worker asks for every domain
      auto task = resolve_many(r, t * kDomains / kTasks, (t + 1) * kDomains / kTasks, good, ended);
      all.push_back(net::asio::co_spawn(worker->context(), std::move(task), net::asio::use_future));
    }
  }
  for (auto& worker : workers) worker->start();
  for (auto& one : all) one.get();
  EXPECT_EQ(good, 3 * kDomains);
  EXPECT_EQ(r.stats().resolved, static_cast<std::uint64_t>(kDomains));
  EXPECT_EQ(r.stats().plans, static_cast<std::uint64_t>(kDomains));
  on_home([](Router& router) -> net::Task<bool> {
    co_await router.close();
    co_return true;
  });
}

/// Static routes are planned without waiting for anything, so that many tasks end in one turn of the loop.
TEST_F(RouterTest, NobodyIsForgottenWhenManyEndAtOnce) {
  rules = {{"*.bulk.test", {"[192.0.2.1]:25"}, "", ""}};
  options.max_resolving = 4;
  constexpr int kDomains = 3'000;
  std::atomic<int> good{0};
  auto& r = router();
  net::Worker worker("w");
  std::vector<std::future<void>> all;
  for (int d = 0; d < kDomains; ++d) {
    auto task = resolve_one(r, d, good);
    all.push_back(net::asio::co_spawn(worker.context(), std::move(task), net::asio::use_future));
  }
  worker.start();
  for (auto& one : all) one.get();
  EXPECT_EQ(good, kDomains);
}

}  // namespace
}  // namespace sluice::dns
