#include "engine/message/dkim_check.hpp"

#include <gtest/gtest.h>

#include <map>

#include "engine/message/dkim_record.hpp"
#include "tests/unit/message/dkim_vectors.hpp"

namespace sluice::message {
namespace {

const Instant kNow = from_ms(1'528'638'000'000);

class Keys {
 public:
  Keys() {
    records_["brisbane._domainkey.football.example.com"] = rfc8463::kEd25519Record;
    records_["test._domainkey.football.example.com"] = rfc8463::kRsaRecord;
  }
  std::string& operator[](const std::string& name) { return records_[name]; }
  Expected<std::string> operator()(const std::string& name) const {
    const auto found = records_.find(name);
    if (found == records_.end()) return fail(ErrorCode::not_found, "no record at " + name);
    if (found->second == "down") return fail(ErrorCode::unavailable, "no answer");
    return found->second;
  }

 private:
  std::map<std::string, std::string> records_;
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::vector<DkimVerdict> check(const std::string& message, const Keys& keys = {}) {
  return check_dkim(message, keys, kNow);
}

void expect_first(const std::string& message, DkimResult result, std::string_view reason,
                  const Keys& keys = {}) {
  const auto verdicts = check(message, keys);
  ASSERT_EQ(verdicts.size(), 2U);
  EXPECT_EQ(verdicts[0].result, result);
  EXPECT_NE(verdicts[0].reason.find(reason), std::string::npos) << verdicts[0].reason;
}

TEST(DkimCheck, PassesTheMessageOfRfc8463) {
  const auto verdicts = check(rfc8463::signed_message());
  ASSERT_EQ(verdicts.size(), 2U);
  for (const auto& verdict : verdicts) EXPECT_EQ(verdict.result, DkimResult::pass) << verdict.reason;
  EXPECT_EQ(verdicts[0].algorithm, "ed25519-sha256");
  EXPECT_EQ(verdicts[0].selector, "brisbane");
  EXPECT_EQ(verdicts[1].algorithm, "rsa-sha256");
  EXPECT_EQ(verdicts[1].domain, "football.example.com");
}

TEST(DkimCheck, WhitespaceThatRelaxedForgivesPasses) {
  auto message = replaced(rfc8463::signed_message(), "the game.  Are", "the game.\t Are");
  message = replaced(message, "Subject: Is", "subject:  Is\r\n ");
  EXPECT_EQ(check(message)[0].result, DkimResult::pass);
  EXPECT_EQ(check(message + "\r\n\r\n")[1].result, DkimResult::pass);
}

TEST(DkimCheck, FindsEveryChange) {
  const auto good = rfc8463::signed_message();
  expect_first(replaced(good, "lost", "won"), DkimResult::fail, "bh=");
  expect_first(replaced(good, "dinner", "supper"), DkimResult::fail, "header");
  expect_first(replaced(good, "From: Joe", "From: x@example.test\r\nFrom: Joe"), DkimResult::fail, "header");
  expect_first(replaced(good, "b=/gCr", "b=/gCs"), DkimResult::fail, "header");
}

TEST(DkimCheck, RefusesSignaturesThatBreakTheRules) {
  const auto good = rfc8463::signed_message();
  const std::pair<std::string_view, std::string_view> changes[] = {{"v=1;", "v=2;"},
                                                                   {"v=1;", ""},
                                                                   {"a=ed25519-sha256", "a=rsa-sha1"},
                                                                   {"c=relaxed/", "c=odd/"},
                                                                   {"h=from", "h=fro"},
                                                                   {"i=@football", "i=@other"},
                                                                   {"i=@football", "i=foot"},
                                                                   {"t=1528637909", "t=x"},
                                                                   {"t=1528637909", "t=9; x=8"},
                                                                   {"d=football", "d=; e="},
                                                                   {"b=/gCr", "b=!"},
                                                                   {"v=1;", "v=1; v=1;"},
                                                                   {"v=1;", "v=1; junk;"},
                                                                   {"h=from", "h=:from"}};
  for (const auto& [from, to] : changes) {
    auto message = good;
    message = replaced(message, from, to);
    if (to == "h=fro") message = replaced(replaced(message, ": from", ": f"), "h=fro", "h=fr");
    const auto verdicts = check(message);
    ASSERT_EQ(verdicts.size(), 2U);
    EXPECT_EQ(verdicts[0].result, DkimResult::permerror) << to;
    EXPECT_NE(verdicts[0].reason, "") << to;
    EXPECT_EQ(verdicts[1].result, DkimResult::pass) << to;
  }
}

TEST(DkimCheck, HoldsExpiryAndLengthAgainstTheMessage) {
  const auto good = rfc8463::signed_message();
  expect_first(replaced(good, "t=1528637909", "x=1528637909"), DkimResult::permerror, "expired");
  expect_first(replaced(good, "t=1528637909", "l=100000"), DkimResult::permerror, "l=");
}

TEST(DkimCheck, TellsWhyAKeyIsNoUse) {
  const auto good = rfc8463::signed_message();
  const auto name = "brisbane._domainkey.football.example.com";
  const auto with = [&](std::string_view record) {
    Keys keys;
    keys[name] = record;
    return keys;
  };
  expect_first(good, DkimResult::temperror, "no answer", with("down"));
  expect_first(good, DkimResult::permerror, "revoked", with("v=DKIM1; k=ed25519; p="));
  expect_first(good, DkimResult::permerror, "kind", with(rfc8463::kRsaRecord));
  expect_first(good, DkimResult::permerror, "32 bytes", with("k=ed25519; p=AAAA"));
  expect_first(good, DkimResult::permerror, "base64", with("k=ed25519; p=!"));
  expect_first(good, DkimResult::permerror, "no p=", with("v=DKIM1; k=ed25519"));
  expect_first(good, DkimResult::permerror, "DKIM1", with("v=spf1; p=AAAA"));
  expect_first(good, DkimResult::permerror, "h=", with("v=DKIM1; h=sha1; k=ed25519; p=AAAA"));
  expect_first(good, DkimResult::permerror, "s=", with("v=DKIM1; s=tlsrpt; k=ed25519; p=AAAA"));
  expect_first(good, DkimResult::fail, "header",
               with("v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
  expect_first(replaced(good, "s=brisbane", "s=nowhere"), DkimResult::permerror, "no record");
}

TEST(DkimCheck, StrictRecordsForbidASubdomainIdentity) {
  Keys keys;
  keys["brisbane._domainkey.football.example.com"] = std::string(rfc8463::kEd25519Record) + "; t=y:s";
  const auto verdicts = check(rfc8463::signed_message(), keys);
  EXPECT_EQ(verdicts[0].result, DkimResult::pass);
  EXPECT_TRUE(verdicts[0].testing);
  expect_first(replaced(rfc8463::signed_message(), "i=@", "i=@a."), DkimResult::permerror, "t=s", keys);
}

TEST(DkimCheck, AnyBytesAreAnswered) {
  EXPECT_TRUE(check("").empty());
  EXPECT_TRUE(check("\r\nbody").empty());
  EXPECT_TRUE(check("From: a@b.test\r\n\r\nhi").empty());
  EXPECT_EQ(check("DKIM-Signature:").size(), 1U);
  EXPECT_EQ(check("DKIM-Signature: b=").front().result, DkimResult::permerror);
  EXPECT_EQ(check("no field\r\n").front().result, DkimResult::permerror);
  std::string many;
  for (int i = 0; i < 50; ++i) many += "DKIM-Signature: v=1\r\n";
  EXPECT_EQ(check(many).size(), DkimCheckOptions{}.max_signatures);
  EXPECT_EQ(check("DKIM-Signature: v=1; a=" + std::string(20'000, 'x') + "\r\n").front().reason,
            "the signature is too long");
}

TEST(DkimRecord, TagsAreReadAsRfc6376Says) {
  const auto tags = parse_dkim_tags(" a = 1 ; b=2=3\r\n\t4;c=;");
  ASSERT_TRUE(tags);
  ASSERT_EQ(tags->size(), 3U);
  EXPECT_EQ((*tags)[0].value, "1");
  EXPECT_EQ((*tags)[1].value, "2=3\r\n\t4");
  EXPECT_EQ((*tags)[2].value, "");
  for (const auto bad : {"a", "=1", "a=1;a=2", "1=2", "a=1;;b=2"}) EXPECT_FALSE(parse_dkim_tags(bad)) << bad;
}

TEST(DkimRecord, QuotesInStringsOf255Bytes) {
  EXPECT_EQ(quote_txt("ab"), "\"ab\"");
  EXPECT_EQ(quote_txt(""), "\"\"");
  const auto text = quote_txt(std::string(600, 'x'));
  EXPECT_EQ(text, '"' + std::string(255, 'x') + "\" \"" + std::string(255, 'x') + "\" \"" +
                      std::string(90, 'x') + '"');
}

}  // namespace
}  // namespace sluice::message
