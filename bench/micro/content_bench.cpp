// What each campaign mail costs before it meets the network: rendering 10 KB with six merge fields,
// canonicalising it, signing it; OpenSSL's own time for the same signature stands beside, to be subtracted.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "engine/message/content.hpp"
#include "engine/message/dkim.hpp"
#include "engine/message/encoding.hpp"
#include "engine/message/row.hpp"

namespace sluice::message {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"first", "last", "city", "day", "code", "total"};
constexpr std::array<std::string_view, 6> kFields = {"Zo\xC3\xAB", "Example",  "Springfield",
                                                     "2026-11-25", "AUTUMN10", "12.50"};

ContentSource source() {
  ContentSource made;
  made.tenant = "shop";
  made.campaign_id = "autumn-2026";
  made.from = "Shop <news@shop.test>";
  made.reply_to = "help@shop.test";
  made.subject = "Hello {{first}}";
  made.html = "<html><body>\n";
  made.text = "Hello {{first}}, see {{unsubscribe_url}}\n{{postal_address}}\n";
  for (const auto name : kNames) {
    for (int i = 0; i < 36; ++i) made.html += "    <p>Some forty bytes of literal text.</p>\n";
    made.html += "<b>{{" + std::string(name) + "}}</b>\n";
  }
  made.html += "</body></html>\n";
  made.list_id = "news.shop.test";
  made.postal_address = "1 Test Street";
  made.unsubscribe.url_prefix = "https://mail.shop.test/u/";
  made.layout = RowLayout::of({kNames.begin(), kNames.end()}).value();
  return made;
}

struct Recipient {
  std::string row;
  RenderInput input;

  Recipient() {
    encode_row(kFields, row);
    input.id = MessageId::make(from_ms(1'764'097'998'123), 1, 2, 3);
    input.recipient = "ann@example.test";
    input.name = "Ann Example";
    input.row = row;
    input.unsubscribe_token = "MDEyMzQ1Njc4OWFiY2RlZg";
  }
};

RenderedMessage message() {
  static const auto content = CampaignContent::compile(source()).value();
  RenderedMessage out;
  (void)content.render(Recipient().input, out);
  return out;
}

DkimKey key(DkimAlgorithm algorithm) {
  return DkimKey::parse(generate_dkim_key(algorithm).value(), "shop.test", "s1").value();
}

void BM_ContentRender10K(benchmark::State& state) {
  const auto content = CampaignContent::compile(source()).value();
  const Recipient ann;
  RenderedMessage out;
  for (auto _ : state) benchmark::DoNotOptimize(content.render(ann.input, out));
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(BM_ContentRender10K);

void BM_QuotedPrintable10K(benchmark::State& state) {
  const auto text = source().html;
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_quoted_printable(out, text);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_QuotedPrintable10K);

void BM_CanonicalBody10K(benchmark::State& state) {
  const auto mail = message();
  RelaxedBody canonical;
  for (auto _ : state) {
    canonical.reset();
    for (std::string_view rest = mail.body; !rest.empty();) benchmark::DoNotOptimize(canonical.take(rest));
    benchmark::DoNotOptimize(canonical.finish());
  }
}
BENCHMARK(BM_CanonicalBody10K);

void BM_CanonicalBodyIndented10K(benchmark::State& state) {
  std::string text;
  while (text.size() < 10'000) text += "                <td class=3D\"cell\">some text in a table</td>\r\n";
  RelaxedBody canonical;
  for (auto _ : state) {
    canonical.reset();
    for (std::string_view rest = text; !rest.empty();) benchmark::DoNotOptimize(canonical.take(rest));
    benchmark::DoNotOptimize(canonical.finish());
  }
}
BENCHMARK(BM_CanonicalBodyIndented10K);

void BM_DkimPrepare10K(benchmark::State& state) {
  const auto mail = message();
  DkimSigner signer;
  (void)signer.add(key(DkimAlgorithm::ed25519_sha256));
  DkimDraft draft;
  const auto pieces = mail.body_pieces();
  for (auto _ : state)
    benchmark::DoNotOptimize(signer.prepare(mail.header, pieces, "shop.test", from_ms(0), draft));
}
BENCHMARK(BM_DkimPrepare10K);

void BM_Sha256Of10K(benchmark::State& state) {
  const auto mail = message();
  const MdPtr sha256(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  const MdCtxPtr hash(EVP_MD_CTX_new());
  DkimDigest digest;
  for (auto _ : state) {
    EVP_DigestInit_ex2(hash.get(), sha256.get(), nullptr);
    EVP_DigestUpdate(hash.get(), mail.body.data(), mail.body.size());
    EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr);
    benchmark::DoNotOptimize(digest);
  }
}
BENCHMARK(BM_Sha256Of10K);

void sign(benchmark::State& state, DkimAlgorithm algorithm) {
  const auto mail = message();
  DkimSigner signer;
  (void)signer.add(key(algorithm));
  const auto pieces = mail.body_pieces();
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(signer.sign(mail.header, pieces, "shop.test", from_ms(0), out));
  }
}
void BM_DkimSignRsa2048(benchmark::State& state) { sign(state, DkimAlgorithm::rsa_sha256); }
BENCHMARK(BM_DkimSignRsa2048);
void BM_DkimSignEd25519(benchmark::State& state) { sign(state, DkimAlgorithm::ed25519_sha256); }
BENCHMARK(BM_DkimSignEd25519);

void raw(benchmark::State& state, DkimAlgorithm algorithm) {
  auto mine = key(algorithm);
  DkimDigest digest{};
  std::string signature;
  for (auto _ : state) benchmark::DoNotOptimize(mine.sign(digest, signature));
}
void BM_OpensslRsa2048(benchmark::State& state) { raw(state, DkimAlgorithm::rsa_sha256); }
BENCHMARK(BM_OpensslRsa2048);
void BM_OpensslEd25519(benchmark::State& state) { raw(state, DkimAlgorithm::ed25519_sha256); }
BENCHMARK(BM_OpensslEd25519);

}  // namespace
}  // namespace sluice::message
