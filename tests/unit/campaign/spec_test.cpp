#include "engine/campaign/spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::campaign {
namespace {

using testing::HasSubstr;

constexpr std::string_view kFull = R"(# campaign.toml
id        = "autumn-2026"
tenant    = "shop"
class     = "commercial"
from      = "Shop <news@shop.test>"
reply_to  = "help@shop.test"
mail_from = "bounce@shop.test"
subject   = "Hello {{first_name}}"
html      = "template.html"
text      = "template.txt"
recipients = "recipients.csv"
attachments = ["terms.pdf"]
list_id   = "news.shop.test"
postal_address = "1 Test Street"
meta      = ["contact_id"]
pool      = "default"
priority  = 5
rate      = "2,000/min"
start     = 2026-12-01T09:00:00+01:00
windows   = ["mon-fri 09:00-18:00"]
time_zone = "Europe/Berlin"
expire    = "48h"
[defaults]
first_name = "friend"
visits = 3
[headers]
X-Campaign = "autumn"
A-First = "{{first_name}}"
[unsubscribe]
one_click = false
)";

constexpr std::string_view kSmall = R"(from = "news@shop.test"
subject = "Hi"
text = "t.txt"
recipients = "r.csv"
postal_address = "1 Test Street"
)";

/// The problems of `toml`, one a line; "" when it is fine.
std::string problems_of(const std::string& toml) {
  auto spec = parse_spec(toml, "autumn");
  if (spec) return {};
  std::string out;
  for (const auto& problem : spec.error().list()) out += problem.to_text() + '\n';
  return out;
}

std::string with(const std::string& line) { return line + '\n' + std::string(kSmall); }

TEST(CampaignSpec, ReadsEveryKeyOfTheContract) {
  auto read = parse_spec(kFull, "dropped");
  ASSERT_TRUE(read) << problems_of(std::string(kFull));
  const auto& spec = *read;
  EXPECT_EQ(spec.id, "autumn-2026");
  EXPECT_EQ(spec.tenant, "shop");
  EXPECT_EQ(spec.mail_class, MailClass::commercial);
  EXPECT_EQ(spec.from.display_name, "Shop");
  EXPECT_EQ(spec.from.address.text(), "news@shop.test");
  EXPECT_EQ(spec.from.address.domain(), "shop.test");
  EXPECT_EQ(spec.reply_to->address.text(), "help@shop.test");
  EXPECT_EQ(spec.mail_from->text(), "bounce@shop.test");
  EXPECT_EQ(spec.attachments, std::vector<std::string>{"terms.pdf"});
  EXPECT_EQ(spec.meta, std::vector<std::string>{"contact_id"});
  EXPECT_EQ(to_rfc3339(*spec.start), "2026-12-01T08:00:00.000Z");
  EXPECT_EQ(spec.rate, throttle::Rate::parse("2,000/min").value());
  EXPECT_EQ(spec.windows.list().size(), 1u);
  EXPECT_EQ(spec.time_zone.zone.name(), "Europe/Berlin");
  EXPECT_EQ(spec.expire, std::chrono::hours(48));
  EXPECT_EQ(spec.defaults.at("first_name"), "friend");
  EXPECT_EQ(spec.defaults.at("visits"), "3");
  ASSERT_EQ(spec.headers.size(), 2u);
  EXPECT_EQ(spec.headers[0].first, "X-Campaign");
  EXPECT_EQ(spec.headers[1].first, "A-First");
  EXPECT_FALSE(spec.one_click);
  EXPECT_EQ(spec.where("html").line, 9u);
}

TEST(CampaignSpec, FillsInTheDocumentedDefaults) {
  auto read = parse_spec(kSmall, "autumn");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, "autumn");
  EXPECT_EQ(read->tenant, "default");
  EXPECT_EQ(read->mail_class, MailClass::commercial);
  EXPECT_EQ(read->pool, "default");
  EXPECT_EQ(read->priority, 5);
  EXPECT_TRUE(read->one_click);
  EXPECT_TRUE(read->windows.always_open());
  EXPECT_EQ(read->time_zone.zone.name(), "UTC");
  EXPECT_FALSE(read->start);
  EXPECT_FALSE(read->expire);
}

TEST(CampaignSpec, NamesTheNearestKeyAndItsPlace) {
  EXPECT_THAT(problems_of(with("  recipient = \"x.csv\"")),
              HasSubstr("campaign.toml:1:3: unknown key `recipient`; did you mean `recipients`?"));
  EXPECT_THAT(problems_of(std::string(kSmall) + "[unsubscribe]\nonclick = true\n"),
              HasSubstr("campaign.toml:7:1: unknown key `unsubscribe.onclick`; did you mean `one_click`?"));
  EXPECT_THAT(problems_of(with("zzzzzz = 1")), testing::Not(HasSubstr("did you mean")));
}

TEST(CampaignSpec, SaysWhereTomlItselfIsBroken) {
  EXPECT_THAT(problems_of("from = \"a\nsubject"), HasSubstr("campaign.toml:1:"));
  EXPECT_THAT(problems_of("subject = \"\xff\xfe\""), HasSubstr("no valid TOML"));
}

TEST(CampaignSpec, ListsAllProblemsAtOnce) {
  const auto text = problems_of("id = \"..\"\nclass = \"bulk\"\npriority = 10\nexpire = \"soon\"\n");
  for (const char* expected :
       {"`id`", "`class`", "`priority`", "`expire`", "`from` is missing", "`subject` is missing",
        "`html` is missing", "`recipients` is missing", "`postal_address` is missing"}) {
    EXPECT_THAT(text, HasSubstr(expected));
  }
}

TEST(CampaignSpec, TransactionalMailNeedsNoPostalAddress) {
  const std::string rest = "from = \"a@b.test\"\nsubject = \"s\"\ntext = \"t\"\nrecipients = \"r.csv\"\n";
  EXPECT_THAT(problems_of(rest), HasSubstr("postal address"));
  EXPECT_THAT(problems_of(rest + "postal_address = \"  \"\n"), HasSubstr("`postal_address` is empty"));
  EXPECT_EQ(problems_of(rest + "class = \"transactional\"\n"), "");
}

struct BadLine {
  const char* line;
  const char* expected;
};

class BadValue : public testing::TestWithParam<BadLine> {};

TEST_P(BadValue, IsRefusedWithAReason) {
  EXPECT_THAT(problems_of(with(GetParam().line)), HasSubstr(GetParam().expected)) << GetParam().line;
}

INSTANTIATE_TEST_SUITE_P(
    CampaignSpec, BadValue,
    testing::Values(
        BadLine{"id = \"a b\"", "letters, digits"}, BadLine{"id = \".hidden\"", "not start"},
        BadLine{"id = \"\"", "1 to 100"}, BadLine{"id = 7", "must be a string, not an integer"},
        BadLine{"priority = 0", "from 1 to 9"}, BadLine{"priority = \"5\"", "must be an integer"},
        BadLine{"priority = 2.5", "must be an integer, not a number"},
        BadLine{"html = \"../../etc/passwd\"", "`..`"}, BadLine{"html = \"/etc/passwd\"", "absolute"},
        BadLine{"html = \"a\\u0000b\"", "control byte"}, BadLine{"attachments = [\"a\", \"a\"]", "twice"},
        BadLine{"attachments = \"a\"", "array of strings"}, BadLine{"attachments = [1]", "must be a string"},
        BadLine{"start = \"2026-12-01\"", "without quotes"}, BadLine{"start = 2026-12-01T09:00:00", "offset"},
        BadLine{"windows = [\"whenever\"]", "is no window"},
        BadLine{"time_zone = \"Europe/Belrin\"", "did you mean `Europe/Berlin`"},
        BadLine{"time_zone = \"column:\"", "names no column"},
        BadLine{"expire = \"2 weeks\"", "is no duration"}, BadLine{"expire = 48", "must be a string"},
        BadLine{"rate = \"fast\"", "rate"}, BadLine{"reply_to = \"nobody\"", "`reply_to`"},
        BadLine{"list_id = \"news\"", "RFC 2919"},
        BadLine{"headers.Subject = \"x\"", "written by sluice itself"},
        BadLine{"headers.\"X Y\" = \"x\"", "printable ASCII"},
        BadLine{"headers.X-A = \"a\\r\\nBcc: b@c.test\"", "one line"},
        BadLine{"defaults.a = [1]", "must be a string, number, true or false, not an array"},
        BadLine{"meta = [\"a\", \"a\"]", "twice"}));

TEST(CampaignSpec, HostileTextCannotMakeTheReasonLarge) {
  std::string toml;
  for (int i = 0; i < 5000; ++i) toml += "k" + std::to_string(i) + " = 1\n";
  auto spec = parse_spec(toml, "x");
  ASSERT_FALSE(spec);
  EXPECT_LE(spec.error().list().size(), Problems::kMaxProblems);
  EXPECT_LT(spec.error().reason_text("x").size(), 64u << 10);
}

TEST(Problems, ReasonTextShowsControlBytes) {
  Problems problems;
  problems.add({"a\x1b[2J", 1, 2, "bad\nthing"});
  const auto text = problems.reason_text("x");
  EXPECT_THAT(text, HasSubstr("a\\x1b[2J:1:2: bad\\x0athing"));
}

}  // namespace
}  // namespace sluice::campaign
