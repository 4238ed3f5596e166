// Return tokens and their keys.
#include "engine/feedback/return_token.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/feedback/token_keys.hpp"

namespace sluice::feedback {
namespace {

using std::chrono::hours;

const Instant kStart = from_ms(1'790'000'000'000);

class ReturnToken : public testing::Test {
 protected:
  ReturnToken() {
    char name[] = "/tmp/sluice-token-XXXXXX";
    folder = ::mkdtemp(name);
    file = folder / "return_tokens.keys";
  }
  ~ReturnToken() override { std::filesystem::remove_all(folder); }
  std::unique_ptr<TokenKeys> open(Instant now = kStart) {
    auto keys = TokenKeys::open(file, now);
    EXPECT_TRUE(keys) << keys.error().text;
    return std::move(*keys);
  }

  std::filesystem::path folder;
  std::string file;
  const MessageId id = MessageId::make(kStart, 3, 70'000, 12'345'678);
};

TEST_F(ReturnToken, LeadsBackToItsMessageInEitherCaseAndOverARestart) {
  auto token = make_token(open()->for_stream(to_ms(kStart)), id);
  EXPECT_EQ(token.size(), kTokenBytes);
  EXPECT_EQ(open()->verify(token, kStart), id);
  EXPECT_EQ(token, make_token(open()->for_stream(to_ms(kStart)), id));
  for (char& c : token) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(open()->verify(token, kStart), id);
}

TEST_F(ReturnToken, AnyChangedCharacterIsRefused) {
  const auto keys = open();
  const auto token = make_token(keys->for_stream(to_ms(kStart)), id);
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto other = token;
    other[i] = other[i] == '7' ? '6' : '7';
    EXPECT_FALSE(keys->verify(other, kStart)) << i;
  }
  EXPECT_FALSE(keys->verify(token + "0", kStart));
  EXPECT_FALSE(keys->verify(token.substr(1), kStart));
  EXPECT_FALSE(keys->verify("", kStart));
}

TEST_F(ReturnToken, AStreamKeepsItsKeyAndOldOnesVerifyForSixtyDays) {
  const auto keys = open();
  const auto token = make_token(keys->for_stream(to_ms(kStart)), id);
  const auto rotated = kStart + hours(91 * 24);
  EXPECT_FALSE(*keys->rotate(kStart + hours(24)));
  ASSERT_TRUE(*keys->rotate(rotated));
  EXPECT_EQ(keys->size(), 2U);
  EXPECT_EQ(make_token(keys->for_stream(to_ms(kStart)), id), token);
  EXPECT_EQ(make_token(keys->for_stream(to_ms(rotated)), id), token) << "a stream being made keeps its key";
  EXPECT_NE(make_token(keys->for_stream(to_ms(rotated + std::chrono::minutes(1))), id), token);
  EXPECT_EQ(open(rotated)->verify(token, rotated + hours(59 * 24)), id);
  EXPECT_FALSE(keys->verify(token, rotated + hours(60 * 24) + std::chrono::minutes(1)));
  ASSERT_TRUE(*keys->rotate(rotated + hours(61 * 24)));
  EXPECT_EQ(keys->size(), 1U);
}

TEST_F(ReturnToken, IsFoundInTheFieldsOfAReport) {
  const auto keys = open();
  const auto token = make_token(keys->for_stream(to_ms(kStart)), id);
  EXPECT_EQ(keys->find("<" + token + "@shop.test>", kStart), id);
  EXPECT_EQ(keys->find("<https://a-b.shop.test/u/" + token + ">, <mailto:unsubscribe+x@y>", kStart), id);
  EXPECT_FALSE(keys->find("a-b-c-" + std::string(5000, '-'), kStart));
  EXPECT_FALSE(keys->find(std::string(3000, 'x') + token, kStart));
}

TEST_F(ReturnToken, FilesOthersMayReadOrThatAreDamagedAreRefused) {
  (void)open();
  ::chmod(file.c_str(), 0644);
  EXPECT_EQ(TokenKeys::open(file, kStart).error().code, ErrorCode::permission);
  ::chmod(file.c_str(), 0600);
  std::ofstream(file, std::ios::app) << "1 2 zz\n";
  EXPECT_EQ(TokenKeys::open(file, kStart).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace sluice::feedback
