#include "engine/dns/resolver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <stdexcept>

#include "name_server.hpp"

namespace sluice::dns {
namespace {

using net::Deadline;
using namespace std::chrono_literals;

constexpr const char* kZone = R"(
several IN MX 20 mx2.several
several IN MX 10 mx1.several
null    IN MX 0 .
plain   IN A 192.0.2.7
six     IN AAAA 2001:db8::7
alias   IN CNAME several
*.bulk  IN MX 10 mx.bulk
)";

/// Signed with Ed25519 (RFC 8080) until 2090 by a key made for this and thrown away; forged.signed.test was
/// changed after signing.
constexpr const char* kSignedZone = R"(
signed.test. 60 IN SOA ns.signed.test. h.signed.test. 1 3600 900 86400 1
signed.test. 60 IN RRSIG SOA 15 2 60 20900101000000 20250101000000 8271 signed.test. (
  e294G0PTHk0aW1XxzaKHQB1wSj91NtriAPhGhm4csKc5KbnGLWHnqlBgR/H4QgsJT/mA6fZ4LcToJjYvSnkODA== )
signed.test. 60 IN NS ns.signed.test.
signed.test. 60 IN RRSIG NS 15 2 60 20900101000000 20250101000000 8271 signed.test. (
  YlrYZIX2Z8/4FwWAr9aNRlZuOgnGnO7LpD/Ks0oiitGeX51Hqod86cV/Yjl6/dM6kj2ZXR3MMvAGYMjfZYCxCw== )
signed.test. 60 IN DNSKEY 257 3 15 v5JKDATghhfzY6Vqf0XPrzRN6MK9owfmw/lbYis/cq8=
signed.test. 60 IN RRSIG DNSKEY 15 2 60 20900101000000 20250101000000 8271 signed.test. (
  9mzwJzrU88U5Lbqgoxm+CdMI0ovg59+Mod/orxOMqU7mbcgDAAK0QoPZ722fjQlq5EOUPVCyq6GIEcx8RFSDAg== )
signed.test. 60 IN MX 10 mx.signed.test.
signed.test. 60 IN RRSIG MX 15 2 60 20900101000000 20250101000000 8271 signed.test. (
  GLQ2zdPKPToSxzJbr3DlfgTJsAqb+BTRckdRxCJBPcOnRUCR7qkDh+AzZpJcwQoMThS7jWzC1pjjStQjaWxkBw== )
mx.signed.test. 60 IN A 192.0.2.5
mx.signed.test. 60 IN RRSIG A 15 3 60 20900101000000 20250101000000 8271 signed.test. (
  curzW9varuIC3onjNTTYilaQ5GZ9QArqFDdngSRfnnPjDimWKfx1uOgad501X/Yx/6/uEsXWzMG5O1XTyZcuCA== )
forged.signed.test. 60 IN A 192.0.2.6
forged.signed.test. 60 IN RRSIG A 15 3 60 20900101000000 20250101000000 8271 signed.test. (
  v5YGHghRrJW2HL2w0nX2c6cAQnbbF2J2Ua6fAcEuo3AM8I1G0OiDUSa1XZ/5uSDplIcT0KRkkGxvQqW+MPGmCA== )
)";
constexpr const char* kSignedZoneAnchor =
    "signed.test. IN DS 8271 15 2 D5865836BFE76EEF1DAB27A29A7C27A7A112356DA0ED595D0F28E7C654A859CF";

std::unique_ptr<NameServer> server;

class ResolverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server = std::make_unique<NameServer>(
        std::map<std::string, std::string>{{"test", kZone}, {"signed.test", kSignedZone}},
        std::vector<std::string>{"broken.example"});
  }
  static void TearDownTestSuite() { server.reset(); }

  ResolverTest() { options.library.servers = {server->address()}; }

  Resolver& resolver() {
    if (!made) {
      auto r = Resolver::make(loop, clock, options);
      if (!r) throw std::runtime_error(r.error().text);
      made = std::move(*r);
    }
    return *made;
  }
  Expected<Lookup> lookup(const std::string& name, RecordType type, std::chrono::milliseconds limit = 20s) {
    return run(loop, resolver().lookup(Question{name, type}, Deadline::after(limit)));
  }
  Answer answer(const std::string& name, RecordType type) {
    auto found = lookup(name, type);
    EXPECT_TRUE(found.has_value()) << (found ? "" : found.error().text);
    return found ? *found->answer : Answer{};
  }
  std::vector<Expected<Lookup>> lookup_all(std::vector<Question> questions,
                                           std::chrono::milliseconds limit = 60s) {
    return run(loop, resolver().lookup_all(std::move(questions), Deadline::after(limit)));
  }

  net::asio::io_context loop{1};
  ManualClock clock{from_ms(1'800'000'000'000)};
  ResolverOptions options;
  std::unique_ptr<Resolver> made;
};

TEST_F(ResolverTest, FindsRecordsOfEachType) {
  auto mx = answer("several.test", RecordType::mx);
  std::ranges::sort(mx.mx);
  EXPECT_EQ(mx.mx, (std::vector<MxRecord>{{10, "mx1.several.test"}, {20, "mx2.several.test"}}));
  EXPECT_EQ(mx.security, Security::insecure);
  EXPECT_EQ(answer("plain.test", RecordType::a).addresses.at(0).to_string(), "192.0.2.7");
  EXPECT_EQ(answer("six.test", RecordType::aaaa).addresses.at(0).to_string(), "2001:db8::7");
  EXPECT_EQ(answer("null.test", RecordType::mx).mx, (std::vector<MxRecord>{{0, "."}}));
}

TEST_F(ResolverTest, FollowsAliases) { EXPECT_EQ(answer("alias.test", RecordType::mx).mx.size(), 2U); }

TEST_F(ResolverTest, TellsNoDomainFromNoRecordsFromFailure) {
  EXPECT_EQ(answer("missing.test", RecordType::mx).status, Status::no_domain);
  EXPECT_EQ(answer("plain.test", RecordType::mx).status, Status::no_records);
  const auto broken = answer("broken.example", RecordType::mx);
  EXPECT_EQ(broken.status, Status::failed);
  EXPECT_NE(broken.text.find("SERVFAIL"), std::string::npos) << broken.text;
}

TEST_F(ResolverTest, AnswersFromTheCacheUntilTheTimeToLiveIsOver) {
  (void)answer("plain.test", RecordType::a);
  clock.advance(59s);
  (void)answer("plain.test", RecordType::a);
  EXPECT_EQ(resolver().stats().asked, 1U);
  EXPECT_EQ(resolver().stats().hits, 1U);
  clock.advance(1s);
  (void)answer("plain.test", RecordType::a);
  EXPECT_EQ(resolver().stats().asked, 2U);
}

TEST_F(ResolverTest, KeepsNegativeAnswersForTheirOwnTime) {
  options.cache.min_negative_ttl = 30s;
  (void)answer("missing.test", RecordType::a);
  clock.advance(29s);
  (void)answer("missing.test", RecordType::a);
  EXPECT_EQ(resolver().stats().asked, 1U);
  clock.advance(1s);
  (void)answer("missing.test", RecordType::a);
  EXPECT_EQ(resolver().stats().asked, 2U);
}

TEST_F(ResolverTest, JoinsAQuestionOnItsWay) {
  const auto results = lookup_all(std::vector<Question>(10, {"several.test", RecordType::mx}));
  for (const auto& r : results) EXPECT_EQ(r.value().answer->status, Status::found);
  EXPECT_EQ(resolver().stats().asked, 1U);
  EXPECT_EQ(resolver().stats().joined, 9U);
}

TEST_F(ResolverTest, TenThousandDomainsKeepTheBoundInFlight) {
  options.max_in_flight = 100;
  std::vector<Question> questions;
  for (int i = 0; i < 10'000; ++i)
    questions.push_back({"d" + std::to_string(i) + ".bulk.test", RecordType::mx});
  std::uint64_t most = 0;
  bool done = false;
  std::vector<Expected<Lookup>> results;
  net::asio::co_spawn(loop, resolver().lookup_all(std::move(questions), Deadline::after(120s)),
                      [&](const std::exception_ptr&, std::vector<Expected<Lookup>> r) {
                        results = std::move(r);
                        done = true;
                      });
  while (!done) {
    loop.run_one();
    most = std::max(most, resolver().stats().in_flight);
  }
  EXPECT_EQ(most, 100U);
  EXPECT_EQ(results.size(), 10'000U);
  for (const auto& r : results)
    ASSERT_EQ(r.value().answer->mx, (std::vector<MxRecord>{{10, "mx.bulk.test"}}));
  EXPECT_EQ(resolver().stats().asked, 10'000U);
}

TEST_F(ResolverTest, RefusesBeyondTheQueue) {
  SilentServer silent;
  options.library.servers = {silent.address()};
  options.max_in_flight = 1;
  options.max_queued = 5;
  std::vector<Question> questions;
  for (int i = 0; i < 8; ++i) questions.push_back({"d" + std::to_string(i) + ".test", RecordType::mx});
  const auto results = lookup_all(std::move(questions), 50ms);
  int refused = 0;
  for (const auto& r : results) refused += !r && r.error().code == ErrorCode::unavailable;
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(resolver().stats().refused, 3U);
}

TEST_F(ResolverTest, EndsAtTheCallersDeadline) {
  SilentServer silent;
  options.library.servers = {silent.address()};
  const auto start = std::chrono::steady_clock::now();
  const auto found = lookup("plain.test", RecordType::a, 100ms);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(ResolverTest, SilentServersAreAFailedAnswer) {
  SilentServer silent;
  options.library.servers = {silent.address()};
  options.query_timeout = 100ms;
  EXPECT_EQ(answer("plain.test", RecordType::a).status, Status::failed);
  EXPECT_EQ(resolver().stats().timed_out, 1U);
  EXPECT_EQ(resolver().stats().in_flight, 0U);
}

TEST_F(ResolverTest, RecoversWhenTheServerIsBack) {
  NameServer own({{"test", kZone}});
  options.library.servers = {own.address()};
  options.query_timeout = 500ms;
  own.stop();
  EXPECT_EQ(answer("plain.test", RecordType::a).status, Status::failed);
  own.start();
  const auto limit = std::chrono::steady_clock::now() + 30s;
  auto status = Status::failed;
  while (status == Status::failed && std::chrono::steady_clock::now() < limit) {
    clock.advance(options.cache.failure_ttl);
    status = answer("plain.test", RecordType::a).status;
  }
  EXPECT_EQ(status, Status::found);
}

TEST_F(ResolverTest, AnUnsignedZoneBelowATrustAnchorIsBogus) {
  options.library.trust_anchors = {
      "test. IN DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000"};
  const auto found = answer("plain.test", RecordType::a);
  EXPECT_EQ(found.status, Status::bogus);
  EXPECT_TRUE(found.addresses.empty());
  EXPECT_NE(found.text.find("DNSSEC"), std::string::npos);
}

TEST_F(ResolverTest, SignedAnswersAreSecureAndForgedOnesBogus) {
  options.library.trust_anchors = {kSignedZoneAnchor};
  const auto mx = answer("signed.test", RecordType::mx);
  EXPECT_EQ(mx.status, Status::found) << mx.text;
  EXPECT_EQ(mx.security, Security::secure);
  EXPECT_EQ(answer("mx.signed.test", RecordType::a).security, Security::secure);
  EXPECT_EQ(answer("forged.signed.test", RecordType::a).status, Status::bogus);
  EXPECT_EQ(answer("plain.test", RecordType::a).security, Security::insecure);
}

TEST_F(ResolverTest, AnswersLocalZonesItself) {
  options.library.local_zones = {{"pinned.example", {"mail.pinned.example 60 IN A 192.0.2.9"}}};
  EXPECT_EQ(answer("mail.pinned.example", RecordType::a).addresses.at(0).to_string(), "192.0.2.9");
  EXPECT_EQ(answer("other.pinned.example", RecordType::a).status, Status::no_domain);
}

TEST_F(ResolverTest, CloseEndsWaitingAndLaterLookups) {
  SilentServer silent;
  options.library.servers = {silent.address()};
  net::asio::post(loop, [this] { net::asio::post(loop, [this] { resolver().close(); }); });
  const auto waiting = lookup("plain.test", RecordType::a);
  ASSERT_FALSE(waiting.has_value());
  EXPECT_EQ(waiting.error().code, ErrorCode::cancelled);
  EXPECT_EQ(lookup("plain.test", RecordType::a).error().code, ErrorCode::cancelled);
}

TEST_F(ResolverTest, BadServersAreExplained) {
  for (const char* bad : {"name.test", "127.0.0.1:0", "127.0.0.1:x", "[::1", "", "1.2.3.4.5"}) {
    options.library.servers = {bad};
    const auto r = Resolver::make(loop, clock, options);
    ASSERT_FALSE(r.has_value()) << bad;
    EXPECT_EQ(r.error().code, ErrorCode::invalid_input);
    EXPECT_NE(r.error().text.find(std::string("\"") + bad + "\""), std::string::npos) << r.error().text;
  }
  options.library.servers = {};
  options.library.resolv_conf = "/does/not/exist";
  EXPECT_FALSE(Resolver::make(loop, clock, options).has_value());
}

}  // namespace
}  // namespace sluice::dns
