#include "engine/campaign/report_builder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/campaign/report_html.hpp"
#include "engine/campaign/report_json.hpp"
#include "queue/event_json.hpp"
#include "temporary_directory.hpp"

namespace sluice::campaign {
namespace {

using namespace std::chrono_literals;
using queue::Event;
using queue::EventKind;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const Instant kStart = from_ms(1'796'112'000'000);

/// Event files as the feed writes them.
class ReportBuilder : public testing::Test {
 protected:
  ReportBuilder() {
    queue::StreamSettings settings;
    settings.name = "autumn";
    settings.tenant = "shop";
    settings.created_ms = to_ms(kStart);
    stream_ = std::make_shared<queue::Stream>(7, settings, queue::StreamState::running);
    settings.name = "other";
    other_ = std::make_shared<queue::Stream>(8, settings, queue::StreamState::running);
  }

  void tell(Event event, bool mine = true) {
    event.time_ms = to_ms(kStart) + static_cast<std::int64_t>(++seq_);
    if (event.stream == 1) event.stream = mine ? 7 : 8;
    if (mine && event.stream == 7) exact_.count(event.kind);
    exact_.injected = exact_.finals();
    queue::append_event_line(lines_, seq_, event,
                             event.stream == 0 ? nullptr : (mine ? stream_ : other_).get());
  }
  static Event final_of(EventKind kind, const char* domain) {
    Event out;
    out.kind = kind;
    out.stream = 1;
    out.domain = domain;
    out.source = "a";
    out.provider = "google";
    return out;
  }
  void end_file() {
    root_.write(
        "events-" + std::string(20 - std::to_string(first_).size(), '0') + std::to_string(first_) + ".jsonl",
        lines_);
    lines_.clear();
    first_ = seq_ + 1;
  }
  Expected<CampaignReport> build(std::uint64_t first_seq = 1, LineFile* finals = nullptr) {
    return build_report(*stream_, [this] { return exact_; }, root_.path(), first_seq, finals, kStart + 1h);
  }

  test::TemporaryDirectory root_;
  queue::StreamPtr stream_;
  queue::StreamPtr other_;
  queue::Counters exact_;
  std::string lines_;
  std::uint64_t seq_ = 0;
  std::uint64_t first_ = 1;
};

TEST_F(ReportBuilder, AgreesWithTheAccountsOverSeveralFiles) {
  for (int i = 0; i < 50; ++i) tell(final_of(EventKind::delivered, "old.test"), false);
  end_file();
  for (int file = 0; file < 3; ++file) {
    for (int i = 0; i < 100; ++i) {
      auto bounce = final_of(EventKind::bounced, "bad.test");
      bounce.event_class = "invalid-recipient";
      bounce.reply_code = 550;
      bounce.reply_text = "no <script>user</script> \xff";
      if (i % 10 == 0) tell(bounce);
      tell(final_of(EventKind::delivered, "good.test"));
      tell(final_of(EventKind::delivered, "good.test"), false);
      tell(final_of(EventKind::deferred, "good.test"));
    }
    end_file();
  }
  const auto report = build(51);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->counts.delivered, 300u);
  EXPECT_EQ(report->counts.bounced, 30u);
  EXPECT_TRUE(report->counts.balanced());
  EXPECT_EQ(report->missing.finals + report->missing.attempts, 0u);
  ASSERT_THAT(report->providers, SizeIs(1));
  EXPECT_EQ(report->providers[0].delivered, 300u);
  EXPECT_EQ(report->providers[0].deferrals, 300u);
  ASSERT_THAT(report->domains, SizeIs(1));
  EXPECT_EQ(report->domains[0].name, "bad.test");
  EXPECT_THAT(report_html(*report), Not(HasSubstr("<script")));
  EXPECT_EQ(report->id, "autumn");
}

TEST_F(ReportBuilder, WhatCameBackAndWhatHeldItAreReadFromTheirEvents) {
  tell(final_of(EventKind::delivered, "good.test"));
  auto override = Event{};
  override.kind = EventKind::backoff;
  override.source = "a";
  override.provider = "google";
  override.event_class = "set";
  override.detail =
      "slow:a:google: message_rate 50/s for source=a, provider=google, by shaping: rule rate: 421";
  tell(override);
  auto complaint = final_of(EventKind::complaint, "good.test");
  complaint.provider = {};
  complaint.event_class = "abuse";
  tell(complaint);
  tell(complaint, false);
  auto returned = final_of(EventKind::returned, "good.test");
  returned.event_class = "mailbox-full";
  returned.reply_code = 552;
  returned.reply_text = "full";
  tell(returned);
  tell(final_of(EventKind::unsubscribed, "good.test"));
  tell(final_of(EventKind::delivered, "good.test"));
  end_file();
  const auto report = build();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->counts.complaints, 1u);
  EXPECT_EQ(report->counts.returned, 1u);
  EXPECT_EQ(report->counts.unsubscribed, 1u);
  EXPECT_EQ(report->counts.delivered, 2u);
  ASSERT_THAT(report->throttles, SizeIs(1));
  EXPECT_EQ(report->throttles[0].effect, "message_rate 50/s");
  EXPECT_EQ(report->throttles[0].why, "rule rate: 421");
  ASSERT_THAT(report->providers, SizeIs(1)) << "a complaint belongs to the domain's provider";
  EXPECT_EQ(report->providers[0].complaints, 1u);
  EXPECT_THAT(report_html(*report), HasSubstr("What came back"));
}

TEST_F(ReportBuilder, AnEmptyCampaignHasAReport) {
  end_file();
  const auto report = build();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->counts.balanced());
  EXPECT_THAT(report_html(*report), HasSubstr("Nobody was mailed"));
  EXPECT_THAT(report_json(*report), HasSubstr("\"over_time\":[]"));
}

TEST_F(ReportBuilder, FilesThatAreGoneAreMissed) {
  for (int i = 0; i < 10; ++i) tell(final_of(EventKind::delivered, "good.test"));
  lines_.clear();
  first_ = 11;
  for (int i = 0; i < 5; ++i) tell(final_of(EventKind::delivered, "good.test"));
  end_file();
  const auto report = build();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->counts.delivered, 15u);
  EXPECT_EQ(report->missing.finals, 10u);
}

TEST_F(ReportBuilder, ALastLineThatIsBeingWrittenIsNotThereYet) {
  tell(final_of(EventKind::delivered, "good.test"));
  tell(final_of(EventKind::delivered, "good.test"));
  lines_.resize(lines_.size() - 20);
  end_file();
  const auto report = build();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->counts.delivered, 2u);
  EXPECT_EQ(report->missing.finals, 1u);
}

TEST_F(ReportBuilder, ALineThatIsNoJsonIsNamed) {
  tell(final_of(EventKind::delivered, "good.test"));
  lines_ += "{\"v\":1,\"seq\":2,\n";
  end_file();
  const auto report = build();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::corrupt);
  EXPECT_THAT(report.error().text, HasSubstr(":2 is no JSON"));
}

TEST_F(ReportBuilder, OddValuesOfFieldsCountAsNothing) {
  tell(final_of(EventKind::delivered, "good.test"));
  lines_ += R"({"v":1,"stream":7,"event":"bounced","time":"yesterday","domain":5,"reply":"no","class":null})"
            "\n";
  lines_ += R"({"v":1,"stream":"7","event":"bounced"})"
            "\n";
  lines_ += R"({"event":[1,2]})"
            "\n[]\n";
  end_file();
  const auto report = build();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->providers.size(), 2u);
}

}  // namespace
}  // namespace sluice::campaign
