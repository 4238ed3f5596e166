#include "engine/webhook/secret.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace sluice::webhook {
namespace {

// The example of standardwebhooks.com's specification and reference libraries.
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

TEST(Secret, SignsAsTheSpecificationsExample) {
  const auto secret = Secret::parse(kSecret);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->sign(kId, "1614265330", kBody), kSignature);
  EXPECT_NE(secret->sign(kId, "1614265331", kBody), kSignature);
}

TEST(Secret, EverySecretSigns) {
  const auto old = *Secret::parse(kSecret);
  const auto fresh = *Secret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
  EXPECT_EQ(signature_header({fresh, old}, kId, "1614265330", kBody),
            fresh.sign(kId, "1614265330", kBody) + " " + std::string(kSignature));
}

TEST(Secret, OddTextsAreRefusedAndNotRepeated) {
  for (const std::string_view text :
       {"", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La!aSw", "whsec_MfKQ9r8GKYqr TwjUPD8ILPZIo2LaLaSw"}) {
    const auto secret = Secret::parse(text);
    ASSERT_FALSE(secret) << text;
    EXPECT_FALSE(secret.error().text.contains("MfKQ")) << secret.error().text;
  }
  EXPECT_FALSE(Secret::parse("whsec_" + std::string(88, 'A'))) << "66 bytes";
}

TEST(Secret, AFileOthersMayReadIsRefused) {
  const auto path = std::filesystem::path(testing::TempDir()) / "crm.whsec";
  std::ofstream(path) << kSecret << "\n";
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(Secret::load(path).error().code, ErrorCode::permission);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_TRUE(Secret::load(path));
  EXPECT_EQ(Secret::load(path.string() + ".none").error().code, ErrorCode::not_found);
  EXPECT_EQ(Secret::load(testing::TempDir()).error().code, ErrorCode::permission);
}

}  // namespace
}  // namespace sluice::webhook
