#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/message/dkim.hpp"
#include "engine/message/dkim_check.hpp"
#include "engine/message/dkim_record.hpp"
#include "tests/unit/message/dkim_vectors.hpp"

namespace sluice::message {
namespace {

const Instant kNow = from_ms(1'528'637'909'000);
constexpr std::string_view kDomain = "football.example.com";

DkimKey rsa() { return *DkimKey::parse(rfc8463::kRsaPem, kDomain, "test"); }
DkimKey ed25519() { return *DkimKey::parse(rfc8463::kEd25519Pem, kDomain, "brisbane"); }

DkimSigner signer_of_both(DkimOptions options = {}) {
  DkimSigner signer(std::move(options));
  EXPECT_TRUE(signer.add(ed25519()));
  EXPECT_TRUE(signer.add(rsa()));
  return signer;
}

std::string sign(DkimSigner& signer, std::string_view header, std::string_view body = rfc8463::kBody) {
  std::string out;
  const auto count = signer.sign(header, body, kDomain, kNow, out);
  EXPECT_TRUE(count) << count.error().text;
  return out;
}

Expected<std::string> lookup(const std::string& name) {
  if (name == "test._domainkey.football.example.com") return std::string(rfc8463::kRsaRecord);
  if (name == "brisbane._domainkey.football.example.com") return std::string(rfc8463::kEd25519Record);
  return fail(ErrorCode::not_found, "no record");
}

void expect_passes(std::string_view signatures, std::string_view header, std::string_view body,
                   std::size_t n) {
  std::string whole(signatures);
  whole += header;
  const auto verdicts = check_dkim(whole, std::span(&body, 1), lookup, kNow);
  ASSERT_EQ(verdicts.size(), n);
  for (const auto& verdict : verdicts) EXPECT_EQ(verdict.result, DkimResult::pass) << verdict.reason;
}

TEST(DkimKey, HasThePublicHalfOfRfc8463) {
  EXPECT_EQ(dkim_record_text(rsa()), rfc8463::kRsaRecord);
  EXPECT_EQ(dkim_record_text(ed25519()), rfc8463::kEd25519Record);
  EXPECT_TRUE(rsa().weak());
  EXPECT_FALSE(ed25519().weak());
  EXPECT_EQ(rsa().bits(), 1024);
}

TEST(DkimKey, RefusesWhatIsNoKey) {
  EXPECT_EQ(DkimKey::parse("junk", kDomain, "s").error().code, ErrorCode::invalid_input);
  EXPECT_EQ(DkimKey::parse("", kDomain, "s").error().code, ErrorCode::invalid_input);
  EXPECT_EQ(DkimKey::parse(std::string(100'000, 'x'), kDomain, "s").error().code, ErrorCode::limit);
  for (const auto bad : {"", "a b", ".a", "a.", "a..b", "a;b", "a\r\nb"}) {
    EXPECT_FALSE(DkimKey::parse(rfc8463::kRsaPem, bad, "s")) << bad;
    EXPECT_FALSE(DkimKey::parse(rfc8463::kRsaPem, kDomain, bad)) << bad;
  }
  const std::string_view ec =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n"
      "-----END PRIVATE KEY-----\n";
  EXPECT_NE(DkimKey::parse(ec, kDomain, "s").error().text.find("neither RSA nor Ed25519"), std::string::npos);
}

TEST(DkimKey, MakesKeysThatLoadAgain) {
  EXPECT_FALSE(generate_dkim_key(DkimAlgorithm::rsa_sha256, 1024));
  EXPECT_FALSE(generate_dkim_key(DkimAlgorithm::rsa_sha256, 100'000));
  for (const auto algorithm : {DkimAlgorithm::rsa_sha256, DkimAlgorithm::ed25519_sha256}) {
    const auto pem = generate_dkim_key(algorithm);
    ASSERT_TRUE(pem);
    const auto key = DkimKey::parse(*pem, "Shop.Test", "S1");
    ASSERT_TRUE(key) << key.error().text;
    EXPECT_EQ(key->algorithm(), algorithm);
    EXPECT_FALSE(key->weak());
    const auto record = parse_dkim_record(dkim_record_text(*key));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->public_bytes, key->public_bytes());
    EXPECT_TRUE(dkim_zone_line(*key).starts_with("s1._domainkey.shop.test. IN TXT ( \"v=DKIM1; k="));
  }
}

class KeyFile : public testing::Test {
 protected:
  KeyFile() {
    std::string name = testing::TempDir() + "sluice_key_XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  ~KeyFile() override { std::filesystem::remove_all(dir_); }

  std::string write(std::string_view bytes, mode_t mode) const {
    const auto path = (dir_ / "key.pem").string();
    std::ofstream(path) << bytes;
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::filesystem::path dir_;
};

TEST_F(KeyFile, LoadsWhenOnlyTheOwnerMayRead) {
  for (const mode_t mode : {0600, 0400}) {
    EXPECT_TRUE(DkimKey::load(write(rfc8463::kEd25519Pem, 0600), kDomain, "s"));
    ::chmod((dir_ / "key.pem").c_str(), mode);
    EXPECT_TRUE(DkimKey::load((dir_ / "key.pem").string(), kDomain, "s"));
  }
}

TEST_F(KeyFile, RefusedWhenOthersMayTouchIt) {
  for (const mode_t mode : {0640, 0604, 0620, 0601}) {
    const auto path = write(rfc8463::kEd25519Pem, mode);
    const auto key = DkimKey::load(path, kDomain, "s");
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::permission);
    EXPECT_NE(key.error().text.find(path), std::string::npos);
    EXPECT_NE(key.error().text.find("0600"), std::string::npos);
  }
}

TEST_F(KeyFile, ALinkHasTheModeOfItsTarget) {
  const auto link = (dir_ / "link").string();
  const auto path = write(rfc8463::kEd25519Pem, 0600);
  ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);
  EXPECT_TRUE(DkimKey::load(link, kDomain, "s"));
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(DkimKey::load(link, kDomain, "s").error().code, ErrorCode::permission);
}

TEST_F(KeyFile, RefusedWhenItIsNoKeyFile) {
  EXPECT_EQ(DkimKey::load((dir_ / "absent").string(), kDomain, "s").error().code, ErrorCode::not_found);
  EXPECT_EQ(DkimKey::load(dir_.string(), kDomain, "s").error().code, ErrorCode::permission);
  EXPECT_EQ(DkimKey::load(write("junk", 0600), kDomain, "s").error().code, ErrorCode::invalid_input);
  EXPECT_EQ(DkimKey::load(write(std::string(100'000, 'x'), 0600), kDomain, "s").error().code,
            ErrorCode::limit);
}

TEST(DkimSigner, SignsOncePerKeyAndBothVerify) {
  auto signer = signer_of_both();
  const auto out = sign(signer, rfc8463::kHeader);
  expect_passes(out, rfc8463::kHeader, rfc8463::kBody, 2);
  EXPECT_EQ(out, sign(signer, rfc8463::kHeader)) << "the same message and time give the same bytes";
  EXPECT_NE(out.find("t=1528637909;"), std::string::npos);
  EXPECT_EQ(out.find("l="), std::string::npos);
}

TEST(DkimSigner, BodyHashIsTheOneOfRfc8463) {
  auto signer = signer_of_both();
  EXPECT_NE(sign(signer, rfc8463::kHeader).find("bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;"),
            std::string::npos);
}

TEST(DkimSigner, FieldIsFoldedAndSevenBit) {
  auto signer = signer_of_both();
  const std::string header = std::string(rfc8463::kHeader) +
                             "List-Unsubscribe: <https://u.test/1>\r\nList-Unsubscribe-Post: x\r\n\r\n";
  const auto out = sign(signer, header);
  std::string_view rest = out;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    ASSERT_NE(end, std::string_view::npos);
    EXPECT_LE(end, 78U) << rest.substr(0, end);
    rest.remove_prefix(end + 2);
  }
  for (const auto name : {"list-unsubscribe:", "list-unsubscribe-post;"})
    EXPECT_NE(out.find(name), std::string::npos) << out;
  expect_passes(out, header, rfc8463::kBody, 2);
}

TEST(DkimSigner, OversigningStopsAnAddedFrom) {
  auto signer = signer_of_both({.oversigned = {"From", "Subject"}});
  const auto out = sign(signer, rfc8463::kHeader);
  EXPECT_NE(out.find("h=from:from:to:subject:subject:date"), std::string::npos) << out;
  for (const auto added : {"From: x@y.test\r\n", "Subject: other\r\n"}) {
    const auto header = out + added + std::string(rfc8463::kHeader);
    const auto body = rfc8463::kBody;
    EXPECT_EQ(check_dkim(header, std::span(&body, 1), lookup, kNow)[0].result, DkimResult::fail) << added;
  }
}

TEST(DkimSigner, RepeatedFieldsAreAllSigned) {
  auto signer = signer_of_both();
  const auto header = std::string(rfc8463::kHeader) + "References: <1@a>\r\nReferences: <2@a>\r\n";
  const auto out = sign(signer, header);
  EXPECT_NE(out.find("references:references"), std::string::npos);
  expect_passes(out, header, rfc8463::kBody, 2);
}

TEST(DkimSigner, AnySplitOfTheBodySignsTheSame) {
  auto signer = signer_of_both();
  const auto body = rfc8463::kBody;
  const std::string_view pieces[] = {body.substr(0, 3), body.substr(3, 20), "", body.substr(23)};
  std::string out;
  ASSERT_TRUE(signer.sign(rfc8463::kHeader, pieces, "FOOTBALL.example.com", kNow, out));
  EXPECT_EQ(out, sign(signer, rfc8463::kHeader));
}

TEST(DkimSigner, CloneSignsTheSame) {
  auto signer = signer_of_both();
  auto copy = signer.clone();
  ASSERT_TRUE(copy);
  EXPECT_EQ(sign(*copy, rfc8463::kHeader), sign(signer, rfc8463::kHeader));
}

TEST(DkimSigner, AddsNothingWithoutAKey) {
  auto signer = signer_of_both();
  std::string out = "kept";
  EXPECT_EQ(signer.sign(rfc8463::kHeader, rfc8463::kBody, "other.test", kNow, out), 0U);
  EXPECT_EQ(signer.sign(rfc8463::kHeader, rfc8463::kBody, "a.football.example.com", kNow, out), 0U);
  EXPECT_EQ(out, "kept");
  EXPECT_TRUE(signer.has("Football.Example.com"));
  EXPECT_FALSE(signer.has("example.com"));
}

TEST(DkimSigner, RefusesKeysItCannotKeepApart) {
  auto signer = signer_of_both();
  EXPECT_EQ(signer.add(rsa()).error().code, ErrorCode::conflict);
  EXPECT_TRUE(signer.add(*DkimKey::parse(rfc8463::kRsaPem, kDomain, "s3")));
  EXPECT_TRUE(signer.add(*DkimKey::parse(rfc8463::kRsaPem, kDomain, "s4")));
  EXPECT_EQ(signer.add(*DkimKey::parse(rfc8463::kRsaPem, kDomain, "s5")).error().code, ErrorCode::limit);
}

TEST(DkimSigner, RefusesHeadersItCannotRead) {
  auto signer = signer_of_both({.max_header_fields = 20});
  std::string out;
  for (const auto& bad : {std::string("To: a@b.test\r\n"), std::string(""), std::string("From: a@b.test"),
                          std::string("no field\r\n"), std::string(": x\r\n"), std::string(" From: x\r\n")}) {
    const auto count = signer.sign(bad, "x\r\n", kDomain, kNow, out);
    ASSERT_FALSE(count) << bad;
    EXPECT_EQ(count.error().code, ErrorCode::invalid_input);
  }
  std::string many = "From: a@b.test\r\n";
  for (int i = 0; i < 20; ++i) many += "X: y\r\n";
  EXPECT_EQ(signer.sign(many, "x\r\n", kDomain, kNow, out).error().code, ErrorCode::limit);
  EXPECT_EQ(out, "");
}

TEST(DkimSigner, ExpiresWhenToldTo) {
  auto signer = signer_of_both({.lifetime = std::chrono::hours(1)});
  const auto out = sign(signer, rfc8463::kHeader);
  EXPECT_NE(out.find("x=1528641509;"), std::string::npos);
  const auto body = rfc8463::kBody;
  const auto header = out + std::string(rfc8463::kHeader);
  EXPECT_EQ(check_dkim(header, std::span(&body, 1), lookup, kNow + std::chrono::hours(2))[0].result,
            DkimResult::permerror);
}

TEST(DkimSigner, StepsCanBeTakenApart) {
  auto signer = signer_of_both();
  DkimDraft draft;
  const auto body = rfc8463::kBody;
  ASSERT_EQ(signer.prepare(rfc8463::kHeader, std::span(&body, 1), kDomain, kNow, draft), 2U);
  auto elsewhere = signer.clone();
  for (auto& signature : draft.signatures()) {
    for (const auto& key : elsewhere->keys()) {
      auto mine = key.clone();
      if (mine->selector() == signature.key->selector()) {
        ASSERT_TRUE(mine->sign(signature.digest, signature.bytes));
      }
    }
  }
  std::string out;
  DkimSigner::assemble(draft, out);
  EXPECT_EQ(out, sign(signer, rfc8463::kHeader));
}

}  // namespace
}  // namespace sluice::message
