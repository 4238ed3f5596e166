#include "engine/webhook/url.hpp"

#include <gtest/gtest.h>

namespace sluice::webhook {
namespace {

TEST(Url, PartsOfARequest) {
  const auto url = Url::parse("https://crm.shop.test/hooks/mail?key=1");
  ASSERT_TRUE(url) << url.error().text;
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "crm.shop.test");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->authority, "crm.shop.test");
  EXPECT_EQ(url->target, "/hooks/mail?key=1");
}

TEST(Url, PortsAndAddresses) {
  const auto six = Url::parse("http://[::1]:8080");
  ASSERT_TRUE(six) << six.error().text;
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->port, 8080);
  EXPECT_EQ(six->authority, "[::1]:8080");
  EXPECT_EQ(six->target, "/");
  EXPECT_EQ(Url::parse("http://a.test?x")->target, "/?x");
  EXPECT_EQ(Url::parse("http://127.0.0.1/")->port, 80);
}

TEST(Url, HostileTextsAreRefused) {
  for (const char* text :
       {"", "ftp://a.test/", "https://", "https:///x", "https://user:pw@a.test/", "https://a.test/#x",
        "https://a.test:0/", "https://a.test:99999/", "https://a.test:/", "https://a.test:8x/",
        "https://a test/", "https://a.test/\r\nX: 1", "https://[::1", "https://[::g]/", "https://[::1]80/",
        "https://a.test/\xc3\xa4", "https://a\"b.test/"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
}

TEST(Url, PlainTextStaysOnThisMachine) {
  for (const char* text : {"http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]/", "http://localhost:1/",
                           "http://crm.localhost/"}) {
    EXPECT_TRUE(check_transport(*Url::parse(text), false)) << text;
  }
  for (const char* text : {"http://10.0.0.1/", "http://a.test/", "http://localhost.a.test/"}) {
    EXPECT_FALSE(check_transport(*Url::parse(text), false)) << text;
    EXPECT_TRUE(check_transport(*Url::parse(text), true)) << text;
  }
}

}  // namespace
}  // namespace sluice::webhook
