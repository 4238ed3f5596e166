#include "engine/net/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <filesystem>
#include <string>

#include "engine/net/listener.hpp"
#include "engine/net/stream.hpp"
#include "tests/unit/net/certificate.hpp"
#include "tests/unit/net/loop.hpp"

namespace sluice::net {
namespace {

using testing::Certificate;
using testing::Loop;
using namespace std::chrono_literals;

const Endpoint kAnyPort(asio::ip::address_v4::loopback(), 0);

/// An echo server under TLS and clients against it, on one loop.
class TlsPair : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = TlsServerContext::make(certificate_.certificate_file, certificate_.key_file);
    ASSERT_TRUE(made) << made.error().text;
    server_ = std::move(*made);
    auto bound = Listener::bind(loop_.context, kAnyPort);
    ASSERT_TRUE(bound);
    listener_.emplace(std::move(*bound));
    client_ = make_client({.ca_file = certificate_.certificate_file});
  }

  static std::unique_ptr<TlsClientContext> make_client(const TlsClientOptions& options) {
    auto made = TlsClientContext::make(options);
    EXPECT_TRUE(made) << made.error().text;
    return std::move(*made);
  }

  Task<> echo_once() {
    auto stream = co_await listener_->accept();
    EXPECT_TRUE(stream);
    if (!stream) co_return;
    auto secured = co_await stream->start_tls(*server_, Deadline::after(5s));
    if (!secured) co_return;
    std::array<char, 20000> chunk;
    for (;;) {
      stream->set_deadline(Deadline::after(5s));
      auto n = co_await stream->read_some(chunk);
      if (!n || *n == 0) break;
      auto written = co_await stream->write(std::string_view(chunk.data(), *n));
      if (!written) break;
    }
    stream->shutdown();
  }

  /// Sends `bytes` through a TLS session and reads them back; what was agreed on, or why not.
  Task<> exchange(TlsClientRequest request, std::string bytes) {
    outcome_ = fail(ErrorCode::internal, "did not run");
    Stream stream(loop_.context);
    const auto to = listener_->endpoint();
    auto connected = co_await stream.connect(to, std::nullopt, Deadline::after(5s));
    EXPECT_TRUE(connected);
    auto secured = co_await stream.start_tls(*client_, request, Deadline::after(5s));
    if (!secured) {
      outcome_ = std::unexpected(secured.error());
      co_return;
    }
    const auto half = bytes.size() / 2;
    const std::array<std::string_view, 3> parts = {std::string_view(bytes).substr(0, half), "",
                                                   std::string_view(bytes).substr(half)};
    auto written = co_await stream.write(parts);
    EXPECT_TRUE(written);
    std::string back;
    std::array<char, 4096> chunk;
    while (back.size() < bytes.size()) {
      auto n = co_await stream.read_some(chunk);
      EXPECT_TRUE(n);
      if (!n || *n == 0) break;
      back.append(chunk.data(), *n);
    }
    EXPECT_EQ(back, bytes);
    stream.shutdown();
    auto end = co_await stream.read_some(chunk);
    EXPECT_TRUE(end && *end == 0);
    outcome_ = stream.tls();
  }

  Expected<TlsSummary> run(TlsClientRequest request, std::string bytes = "hello") {
    loop_.spawn(echo_once());
    loop_.spawn(exchange(std::move(request), std::move(bytes)));
    EXPECT_TRUE(loop_.run());
    EXPECT_EQ(loop_.tasks.failed(), 0u);
    return outcome_;
  }

  Certificate certificate_{"mx.example.test"};
  Loop loop_;
  std::unique_ptr<TlsServerContext> server_;
  std::unique_ptr<TlsClientContext> client_;
  std::optional<Listener> listener_;
  Expected<TlsSummary> outcome_;
};

TEST_F(TlsPair, OpportunisticTakesAnyCertificate) {
  client_ = make_client({});
  const auto summary = run({TlsVerify::none, "other.test", ""});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->version, "TLSv1.3");
  EXPECT_FALSE(summary->verified);
  EXPECT_FALSE(summary->cipher.empty());
}

TEST_F(TlsPair, VerifiedNeedsTheNameAndTheAuthority) {
  const auto good = run({TlsVerify::peer, "mx.example.test", ""});
  ASSERT_TRUE(good) << good.error().text;
  EXPECT_TRUE(good->verified);
  const auto name = run({TlsVerify::peer, "other.test", ""});
  ASSERT_FALSE(name);
  EXPECT_NE(name.error().text.find("certificate refused"), std::string::npos) << name.error().text;
  client_ = make_client({});
  EXPECT_FALSE(run({TlsVerify::peer, "mx.example.test", ""})) << "the system does not know this authority";
  EXPECT_FALSE(run({TlsVerify::peer, "", ""}));
}

TEST_F(TlsPair, ResumesSessionsOfTheSameKeyOnly) {
  EXPECT_FALSE(run({TlsVerify::none, "mx.example.test", "site|a"})->resumed);
  EXPECT_EQ(client_->cached_sessions(), 1u);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(run({TlsVerify::none, "mx.example.test", "site|a"})->resumed) << i;
  EXPECT_FALSE(run({TlsVerify::none, "mx.example.test", "site|b"})->resumed);
  EXPECT_FALSE(run({TlsVerify::peer, "mx.example.test", "site|a"})->resumed)
      << "a session nobody verified must not serve verified TLS";
  const auto verified = run({TlsVerify::peer, "mx.example.test", "site|a"});
  EXPECT_TRUE(verified->resumed);
  EXPECT_TRUE(verified->verified);
}

TEST_F(TlsPair, SessionCacheIsBounded) {
  client_ = make_client({.ca_file = "", .max_sessions = 3});
  for (const char* key : {"a", "b", "c", "d", "e"})
    EXPECT_TRUE(run({TlsVerify::none, "mx.example.test", key}));
  EXPECT_EQ(client_->cached_sessions(), 3u);
  EXPECT_TRUE(run({TlsVerify::none, "mx.example.test", "e"})->resumed);
  EXPECT_FALSE(run({TlsVerify::none, "mx.example.test", "a"})->resumed) << "the oldest went first";
}

TEST_F(TlsPair, CarriesManyRecords) {
  std::string bytes(300'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);
  EXPECT_TRUE(run({TlsVerify::none, "mx.example.test", ""}, bytes));
}

TEST_F(TlsPair, AServerThatSpeaksNoTlsFailsTheHandshake) {
  auto liar = [](Listener& listener) -> Task<> {
    auto stream = co_await listener.accept();
    auto written = co_await stream->write("220 not TLS at all\r\n");
    EXPECT_TRUE(written);
    std::array<char, 100> chunk;
    stream->set_deadline(Deadline::after(5s));
    (void)co_await stream->read_some(chunk);
  };
  loop_.spawn(liar(*listener_));
  loop_.spawn(exchange({TlsVerify::none, "mx.example.test", ""}, "x"));
  EXPECT_TRUE(loop_.run());
  ASSERT_FALSE(outcome_);
  EXPECT_EQ(outcome_.error().code, ErrorCode::unavailable);
}

TEST_F(TlsPair, ASilentServerMeetsTheDeadline) {
  auto silent = [](asio::io_context& context, Endpoint to, TlsClientContext& tls, ErrorCode& code) -> Task<> {
    Stream stream(context);
    auto connected = co_await stream.connect(to, std::nullopt, Deadline::after(5s));
    EXPECT_TRUE(connected);
    const TlsClientRequest request{TlsVerify::none, "mx.example.test", ""};
    auto secured = co_await stream.start_tls(tls, request, Deadline::after(30ms));
    code = secured.error().code;
  };
  auto code = ErrorCode::internal;
  loop_.spawn(silent(loop_.context, listener_->endpoint(), *client_, code));
  EXPECT_TRUE(loop_.run());
  EXPECT_EQ(code, ErrorCode::timeout);
}

TEST(TlsServerContext, NamesTheFileItCannotUse) {
  Certificate one("a.test");
  Certificate other("b.test");
  const auto missing = TlsServerContext::make("/nonexistent.crt", one.key_file);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text.find("/nonexistent.crt"), std::string::npos);
  EXPECT_FALSE(TlsServerContext::make(one.certificate_file, other.key_file))
      << "a key of another certificate";
  EXPECT_FALSE(TlsClientContext::make({.ca_file = "/nonexistent.pem"}));
}

/// The certificate that sessions which begin now are shown, as DER.
std::string shown(const TlsServerContext& context) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(SSL_CTX_get0_certificate(context.current().get()), &bytes);
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

TEST(TlsServerContext, RenewsAllOrNone) {
  namespace fs = std::filesystem;
  constexpr auto kOver = fs::copy_options::overwrite_existing;
  Certificate one("a.test");
  Certificate two("b.test");
  const Certificate fresh("a.test");
  auto first = TlsServerContext::make(one.certificate_file, one.key_file);
  auto second = TlsServerContext::make(two.certificate_file, two.key_file);
  ASSERT_TRUE(first && second);
  const auto before = shown(**first);
  const auto kept = (*first)->current();
  fs::copy_file(fresh.certificate_file, one.certificate_file, kOver);
  fs::copy_file(fresh.key_file, one.key_file, kOver);
  fs::copy_file(fresh.key_file, two.key_file, kOver);
  const auto refused = renew({first->get(), second->get()});
  ASSERT_FALSE(refused) << "the second one's key is another's";
  EXPECT_NE(refused.error().text.find(two.key_file), std::string::npos) << refused.error().text;
  EXPECT_EQ(shown(**first), before);
  ASSERT_TRUE(renew({first->get()}));
  EXPECT_NE(shown(**first), before);
  EXPECT_NE((*first)->current(), kept);
}

}  // namespace
}  // namespace sluice::net
