#include "engine/delivery/meter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Instant kStart = from_ms(1'780'000'000'000);

class MeterTest : public ::testing::Test {
 protected:
  std::string page() { return metrics::to_text(registry_); }

  metrics::Registry registry_;
  Meter meter_{&registry_};
};

TEST_F(MeterTest, ConnectionsAreThoseThatAreThere) {
  PathMeter path(meter_, "google", "a");
  const std::string open = "sluice_connections{provider=\"google\",source=\"a\",state=\"open\"} ";
  path.connecting();
  EXPECT_THAT(page(), HasSubstr("state=\"connecting\"} 1\n"));
  smtp::Opened opened;
  opened.took[static_cast<std::size_t>(smtp::Stage::connect)] = milliseconds(30);
  path.opened(opened, smtp::TlsPolicy::opportunistic);
  EXPECT_THAT(page(), HasSubstr("state=\"connecting\"} 0\n"));
  EXPECT_THAT(page(), HasSubstr(open + "1\n"));
  EXPECT_THAT(page(),
              HasSubstr("sluice_smtp_stage_seconds_sum{stage=\"connect\",provider=\"google\"} 0.03\n"));
  EXPECT_THAT(page(), HasSubstr("{version=\"none\",policy=\"opportunistic\",result=\"plain\"} 1\n"));
  path.closed(12);
  EXPECT_THAT(page(), HasSubstr(open + "0\n"));
  EXPECT_THAT(page(), HasSubstr("sluice_messages_per_connection_sum{provider=\"google\"} 12\n"));
}

TEST_F(MeterTest, APathThatGoesLeavesNothingInTheGauges) {
  {
    PathMeter path(meter_, "google", "a");
    path.connecting();
    path.backs_off("network at connect", kStart);
    EXPECT_THAT(page(), HasSubstr("{provider=\"google\",source=\"a\",rule=\"network\"} 1\n"));
  }
  EXPECT_THAT(page(), HasSubstr("rule=\"network\"} 0\n"));
  EXPECT_THAT(page(), HasSubstr("state=\"connecting\"} 0\n"));
}

TEST_F(MeterTest, ABackOffIsAWait) {
  PathMeter path(meter_, "google", "a");
  path.backs_off("rate-limit", kStart);
  path.backs_off("rate-limit", kStart + seconds(1));
  path.goes_on(kStart + seconds(5));
  path.goes_on(kStart + seconds(9));
  EXPECT_THAT(page(),
              HasSubstr("sluice_backoff_active{provider=\"google\",source=\"a\",rule=\"rate-limit\"} 0\n"));
  EXPECT_THAT(page(),
              HasSubstr("sluice_throttle_wait_seconds_total{reason=\"back_off\",provider=\"google\"} 5\n"));
}

TEST_F(MeterTest, AnAnswerCountsFromTheOneBeforeIt) {
  const smtp::TransactionResult::Time start{std::chrono::hours(1)};
  smtp::TransactionResult result;
  result.mail_written = start;  // behind the message before
  result.content_written = start + seconds(4);
  result.finished = start + seconds(5);
  meter_.site("google")->sent(result, start + seconds(3));
  EXPECT_THAT(page(), HasSubstr("sluice_smtp_stage_seconds_sum{stage=\"data\",provider=\"google\"} 1\n"));
  EXPECT_THAT(page(), HasSubstr("sluice_smtp_stage_seconds_sum{stage=\"dot\",provider=\"google\"} 1\n"));
}

TEST_F(MeterTest, AFailedHandshakeIsASessionThatFailed) {
  PathMeter path(meter_, "google", "a");
  path.connecting();
  path.open_failed(smtp::Stage::starttls, smtp::TlsPolicy::required);
  EXPECT_THAT(page(), HasSubstr("{version=\"none\",policy=\"required\",result=\"failed\"} 1\n"));
}

TEST(Meter, WithoutARegistryCountsNothing) {
  Meter meter(nullptr);
  PathMeter path(meter, "google", "a");
  path.connecting();
  path.opened({}, smtp::TlsPolicy::none);
  path.sent({}, {});
  path.backs_off("network", kStart);
  path.goes_on(kStart);
  path.closed(1);
  meter.signed_in(milliseconds(1));
  EXPECT_EQ(meter.site("google"), nullptr);
}

}  // namespace
}  // namespace sluice::delivery
