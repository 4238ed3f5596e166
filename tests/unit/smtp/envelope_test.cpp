#include "engine/smtp/envelope.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::smtp {
namespace {

TEST(LegalPath, TakesWhatCanStandBetweenBrackets) {
  for (const char* good : {"", "a@example.test", "\"a b\"@example.test", "\"<>\\\"\"@example.test",
                           "a+b=c@[192.0.2.1]", "postmaster"})
    EXPECT_TRUE(is_legal_path(good, false)) << good;
}

TEST(LegalPath, RefusesWhatWouldBreakTheCommand) {
  using namespace std::string_view_literals;
  for (const auto bad : {"a@b>\r\nDATA"sv, "a\n@b"sv, "a b@c"sv, "a>b@c"sv, "<a@b"sv, "a\0@b"sv, "\"a@b"sv,
                         "a\x7f@b"sv, "\"a\\"sv, "\"\\\n\"@b"sv, "a\\b@c"sv})
    EXPECT_FALSE(is_legal_path(bad, true)) << bad;
  EXPECT_FALSE(is_legal_path(std::string(255, 'a'), false));
  EXPECT_TRUE(is_legal_path(std::string(254, 'a'), false));
}

TEST(LegalPath, TakesUtf8OnlyWhereItMayGo) {
  EXPECT_FALSE(is_legal_path("d\xc3\xb6@example.test", false));
  EXPECT_TRUE(is_legal_path("d\xc3\xb6@example.test", true));
}

TEST(LegalEhloName, RefusesSpacesAndControlBytes) {
  EXPECT_TRUE(is_legal_ehlo_name("mta-a.shop.test"));
  EXPECT_TRUE(is_legal_ehlo_name("[192.0.2.1]"));
  for (const char* bad : {"", "a b", "a\r\nMAIL", "\xc3\xb6"}) EXPECT_FALSE(is_legal_ehlo_name(bad)) << bad;
}

}  // namespace
}  // namespace sluice::smtp
