#include "engine/campaign/report.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "engine/campaign/report_chart.hpp"
#include "engine/campaign/report_html.hpp"
#include "engine/campaign/report_json.hpp"
#include "engine/campaign/report_lines.hpp"
#include "engine/campaign/safe_text.hpp"
#include "report_fixture.hpp"
#include "temporary_directory.hpp"

namespace sluice::campaign {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ReportJson, HoldsEveryNumber) {
  const auto json = boost::json::parse(report_json(test::autumn_report())).as_object();
  EXPECT_EQ(json.at("v"), 1);
  EXPECT_EQ(json.at("campaign"), "autumn-2026");
  EXPECT_EQ(json.at("accepted"), "2026-12-01T08:00:00.000Z");
  EXPECT_EQ(json.at("counts").at("delivered"), 1'215'077);
  EXPECT_EQ(json.at("counts").at("balanced"), true);
  EXPECT_EQ(json.at("over_time").as_array().size(), 192u);
  EXPECT_EQ(json.at("providers").as_array().size(), 5u);
  EXPECT_EQ(json.at("bounce_classes").at(1).at("samples").at(0).at("reply"), "552 5.2.2 mailbox over quota");
  EXPECT_EQ(json.at("suppressed_by").at("duplicate"), 8120);
  EXPECT_TRUE(json.at("throttles").at(2).at("until").is_null());
  EXPECT_EQ(json.at("throttles").at(0).at("changes"), 9);
  EXPECT_EQ(json.at("domains").at("worst").at(0).at("bounced"), 197);
  EXPECT_EQ(json.at("domains").at("finals_beyond"), 12);
  EXPECT_EQ(json.at("after").as_array().size(), 40u);
  EXPECT_EQ(json.at("bounce_classes").at(0).at("not_told_apart"), 1391);
  EXPECT_EQ(json.at("bounce_classes").at(3).at("class"), "rate-limit (deferred)");
  EXPECT_EQ(json.at("missing").at("finals"), 0);
  EXPECT_EQ(json.at("made"), "2026-12-01T15:12:00.000Z");
}

TEST(ReportJson, SaysWhenTheNumbersDoNotAddUp) {
  auto report = test::autumn_report();
  report.counts.delivered -= 1;
  EXPECT_THAT(report_json(report), HasSubstr("\"balanced\":false"));
  EXPECT_THAT(report_html(report), HasSubstr("do not add up"));
  EXPECT_THAT(report_html(test::autumn_report()), Not(HasSubstr("do not add up")));
}

TEST(ReportHtml, IsSelfContainedAndEscaped) {
  const auto page = report_html(test::autumn_report());
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; \\xff\\x1b[31m refused"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(testing::ContainsRegex("(src|href)=")));
  EXPECT_THAT(page, Not(HasSubstr("url(")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
  EXPECT_TRUE(simdjson::validate_utf8(page.data(), page.size()));
  if (const char* where = std::getenv("SLUICE_KEEP_REPORT")) std::ofstream(where) << page;
}

TEST(ReportHtml, HostileTextInEveryFieldStaysText) {
  const std::string hostile = "\"><script>x</script><img src=x onerror=y>'`\xe2\x80\xae\n\xff";
  CampaignReport report;
  report.id = report.tenant = report.subject = report.from = report.state = report.state_reason = hostile;
  report.providers = {{hostile, 1, 1, 1, 1, 1, 1}};
  report.classes = {{hostile, 1, {{hostile, hostile, 1}}}};
  report.suppressed_by = {{hostile, 1}};
  report.throttles = {{hostile, hostile, Instant{}, Instant{}, hostile, hostile, hostile, 1}};
  report.domains = {{hostile, hostile, 1, 1, 1, 1, 1, 1}};
  report.after = {{Instant{}, 1, 1, 1}};
  report.counts.returned = 1;
  for (const auto* kind : {"bounced", "deferred", "returned"})
    report.classes.push_back({hostile, 1, {{hostile, hostile, 1}}, kind, 9, 9});
  const auto page = report_html(report);
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_TRUE(simdjson::validate_utf8(page.data(), page.size()));
  boost::json::error_code error;
  const auto json = boost::json::parse(report_json(report), error);
  EXPECT_FALSE(error) << error.message();
}

TEST(ReportHtml, NothingSentStillMakesAPage) {
  const auto page = report_html({});
  EXPECT_THAT(page, HasSubstr("Nobody was mailed"));
  EXPECT_THAT(page, HasSubstr("No attempt was made"));
}

TEST(ReportHtml, SaysWhatIsMissing) {
  auto report = test::autumn_report();
  EXPECT_THAT(report_html(report), Not(HasSubstr("event files lack")));
  report.missing = {1234, 5};
  EXPECT_THAT(report_html(report), HasSubstr("The event files lack 1,234 outcomes and 5 attempts"));
  EXPECT_THAT(report_html(report), HasSubstr("those of 1,391 more were too many to be told apart"));
  EXPECT_THAT(report_html(report), HasSubstr("12 recipients at further domains were not told apart"));
}

TEST(ReportHtml, HugeNumbersStayNumbers) {
  auto report = test::autumn_report();
  constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max() / 8;
  report.counts.delivered = report.counts.injected = report.counts.read = kHuge;
  for (auto& bucket : report.buckets) bucket.delivered = kHuge / 200;
  for (auto& domain : report.domains) domain.bounced = domain.delivered = kHuge;
  report.throttles[0].changes = kHuge;
  report.throttles[0].until = Instant::max();
  const auto page = report_html(report);
  EXPECT_THAT(page, HasSubstr("2,305,843,009,213,693,951"));
  EXPECT_THAT(page, Not(testing::ContainsRegex("(width|height|left|grow|[xy])[:=]\"?(-|nan|inf)")));
}

TEST(ReportHtml, EveryListHasABound) {
  auto report = test::autumn_report();
  report.providers.assign(100'000, report.providers[0]);
  report.classes.assign(1000, report.classes[0]);
  report.throttles.assign(100'000, report.throttles[0]);
  report.buckets.assign(100'000, report.buckets[0]);
  report.after.assign(100'000, report.after[0]);
  report.domains.assign(100'000, report.domains[0]);
  for (auto& throttle : report.throttles) throttle.why.assign(10'000, '<');
  report.classes[0].samples.assign(1000, {"p", std::string(100'000, '<'), 1});
  EXPECT_LT(report_html(report).size(), 400u << 10);
}

TEST(ReportChart, NumbersReadWell) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(percent(0, 10), "0 %");
  EXPECT_EQ(percent(10, 10), "100 %");
  EXPECT_EQ(percent(9'999'999, 10'000'000), "99.9 %");
  EXPECT_EQ(percent(1, 10'000'000), "< 0.01 %");
  EXPECT_EQ(percent(1, 1000), "0.10 %");
  EXPECT_EQ(percent(1, 0), "0 %");
  EXPECT_EQ(duration_text(std::chrono::milliseconds(850)), "850 ms");
  EXPECT_EQ(duration_text(std::chrono::seconds(250)), "4 min 10 s");
  EXPECT_EQ(duration_text(std::chrono::minutes(185)), "3 h 5 min");
  EXPECT_EQ(duration_text(std::chrono::hours(52)), "2 d 4 h");
  for (const auto& [n, up] : std::initializer_list<std::pair<int, int>>{
           {0, 1}, {1, 1}, {3, 4}, {6, 6}, {21, 30}, {101, 200}, {5001, 6000}}) {
    EXPECT_EQ(round_up(static_cast<std::uint64_t>(n)), static_cast<std::uint64_t>(up)) << n;
  }
}

TEST(SafeText, DamagedAndControlBytesBecomeVisible) {
  EXPECT_EQ(html_text("a\xff<\x01\xc3\xa4"), "a\\xff&lt;\\x01\xc3\xa4");
  EXPECT_EQ(html_text("aaa\xc3\xa4", 4), "aaa…");
  std::string out;
  append_json_string(out, "a\"\\\n\x01\xff\xc3\xa4");
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\\\\xff\xc3\xa4\"");
}

class Lines : public testing::Test {
 protected:
  Lines() : directory(::open(root.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  test::TemporaryDirectory root;
  Descriptor directory;
};

TEST_F(Lines, AreThereWholeOrNotAtAll) {
  root.write("recipients.jsonl", "old");
  auto file = LineFile::create(directory.get(), "recipients.jsonl").value();
  FinalLine line{.row = 7,
                 .id = "01",
                 .recipient = "a@x.test",
                 .state = "bounced",
                 .reason = "policy",
                 .reply = "550 \"no\"\n\xff",
                 .time = from_ms(1'796'112'000'000),
                 .attempts = 2};
  ASSERT_TRUE(file.write(line));
  line.reason = line.reply = "";
  ASSERT_TRUE(file.write(line));
  EXPECT_EQ(root.read("recipients.jsonl"), "old");
  ASSERT_TRUE(file.finish());
  EXPECT_EQ(root.read("recipients.jsonl"),
            "{\"row\":7,\"id\":\"01\",\"recipient\":\"a@x.test\",\"state\":\"bounced\",\"reason\":\"policy\","
            "\"reply\":\"550 \\\"no\\\"\\n\\\\xff\",\"time\":\"2026-12-01T08:00:00.000Z\",\"attempts\":2}\n"
            "{\"row\":7,\"id\":\"01\",\"recipient\":\"a@x.test\",\"state\":\"bounced\","
            "\"time\":\"2026-12-01T08:00:00.000Z\",\"attempts\":2}\n");
  EXPECT_FALSE(root.has(".recipients.jsonl.tmp"));
}

TEST_F(Lines, RejectedRowsKeepTheirTextVisible) {
  auto file = LineFile::create(directory.get(), "rejected.jsonl").value();
  for (int i = 0; i < 10'000; ++i)
    ASSERT_TRUE(file.write({3, 4, 5, "no valid UTF-8"}, "a,\xff" + std::string(5000, 'x')));
  ASSERT_TRUE(file.finish());
  EXPECT_EQ(file.lines(), 10'000u);
  std::istringstream in(root.read("rejected.jsonl"));
  std::string line;
  int lines = 0;
  while (std::getline(in, line)) {
    ++lines;
    const auto json = boost::json::parse(line).as_object();
    ASSERT_EQ(json.at("row"), 3);
    ASSERT_EQ(json.at("text").as_string().subview(0, 6), "a,\\xff");
  }
  EXPECT_EQ(lines, 10'000);
}

}  // namespace
}  // namespace sluice::campaign
