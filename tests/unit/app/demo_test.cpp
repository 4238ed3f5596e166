#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/app/demo_earlier.hpp"
#include "engine/app/demo_evidence.hpp"
#include "engine/app/demo_ledger.hpp"
#include "engine/app/demo_list.hpp"
#include "engine/app/demo_plan.hpp"
#include "engine/app/demo_result.hpp"
#include "engine/app/demo_view.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/sluice-demo-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

TEST(DemoPlan, SharesAreWhole) {
  unsigned percent = 0;
  std::set<std::string> names;
  for (const auto& provider : demo_providers()) {
    percent += provider.percent;
    names.insert(provider.name);
    EXPECT_TRUE(sink::check(provider.persona)) << provider.name;
    EXPECT_TRUE(provider.listen.starts_with("127.")) << "nothing may leave the machine";
    EXPECT_TRUE(provider.domain.ends_with(".test")) << provider.domain;
  }
  EXPECT_EQ(percent, 100U);
  EXPECT_EQ(names.size(), 5U);
}

TEST(DemoList, CountsAreThoseOfItsRows) {
  DemoListOptions options;
  options.rows = 5000;
  std::ostringstream out;
  const auto counts = write_demo_list(out, options);
  std::istringstream in(out.str());
  std::string line;
  std::getline(in, line);
  EXPECT_TRUE(line.starts_with("email,"));
  std::set<std::string> seen;
  std::uint64_t rows = 0;
  std::uint64_t invalid = 0;
  std::uint64_t again = 0;
  for (; std::getline(in, line); ++rows) {
    const auto email = line.substr(0, line.find(','));
    if (email.find('@') == std::string::npos) {
      ++invalid;
    } else if (!seen.insert(email).second) {
      ++again;
    }
  }
  EXPECT_EQ(rows, 5000U);
  EXPECT_EQ(counts.rows, rows);
  EXPECT_EQ(counts.invalid, invalid);
  EXPECT_EQ(counts.duplicates, again);
  EXPECT_GT(invalid, 0U);
  EXPECT_GT(again, 0U);
  std::uint64_t recipients = 0;
  for (const auto& [provider, count] : counts.recipients) recipients += count;
  EXPECT_EQ(recipients, seen.size());
}

TEST(DemoList, IsAFunctionOfItsSeed) {
  const auto text = [](std::uint64_t seed) {
    std::ostringstream out;
    write_demo_list(out, {.rows = 300, .seed = seed});
    return out.str();
  };
  EXPECT_EQ(text(7), text(7));
  EXPECT_NE(text(7), text(8));
}

/// A demo that ended as it should: 1000 rows, 2 without an address, 8 twice, 20 bounced.
DemoFacts good_facts() {
  DemoFacts facts;
  facts.list_rows = 1000;
  facts.list_invalid = 2;
  facts.list_duplicates = 8;
  facts.list_read = true;
  facts.counters.injected = 998;
  facts.counters.rejected = 2;
  facts.counters.suppressed = 8;
  facts.counters.bounced = 20;
  facts.counters.delivered = 970;
  facts.received = 970;
  facts.matched = true;
  facts.told = facts.counters;
  return facts;
}

TEST(DemoLedger, HoldsWhenEverythingIsThere) { EXPECT_TRUE(all_hold(check_demo(good_facts()))); }

TEST(DemoLedger, EachFaultIsSeen) {
  const auto broken = [](auto change) {
    auto facts = good_facts();
    change(facts);
    return !all_hold(check_demo(facts));
  };
  EXPECT_TRUE(broken([](DemoFacts& f) { ++f.list_rows; })) << "a row nobody accounted for";
  EXPECT_TRUE(broken([](DemoFacts& f) { --f.list_invalid; }));
  EXPECT_TRUE(broken([](DemoFacts& f) { ++f.list_duplicates; }));
  EXPECT_TRUE(broken([](DemoFacts& f) { --f.received; })) << "a false final";
  EXPECT_TRUE(broken([](DemoFacts& f) { ++f.received; })) << "a delivery we know nothing of";
  EXPECT_TRUE(broken([](DemoFacts& f) { ++f.received_again; })) << "a second copy not in doubt";
  EXPECT_TRUE(broken([](DemoFacts& f) { ++f.lost; }));
  EXPECT_TRUE(broken([](DemoFacts& f) { --f.told.bounced; })) << "an outcome the results do not tell";
  EXPECT_TRUE(broken([](DemoFacts& f) { f.counters.delivered += 100; }));
}

TEST(DemoLedger, SecondCopiesMayBeAsManyAsDoubts) {
  auto facts = good_facts();
  facts.received_again = 3;
  facts.counters.doubts = 3;
  EXPECT_TRUE(all_hold(check_demo(facts)));
  facts.received_again = 4;
  EXPECT_FALSE(all_hold(check_demo(facts)));
}

TEST(DemoLedger, WithoutChecksNothingHolds) { EXPECT_FALSE(all_hold({})); }

TEST(DemoEvidence, ReadsWhatTheReceiversWroteAndTheResults) {
  const Folder folder;
  const MessageId a{1, 2};
  const MessageId b{3, 4};
  const auto one = folder.write("1.log", a.text() + " a@x.test p answered\n");
  const auto two = folder.write("2.log", a.text() + " a@x.test p answered\n" + b.text() +
                                             " b@x.test p unanswered\n" + a.text().substr(0, 9));
  const auto received = read_received({one, two});
  ASSERT_TRUE(received) << received.error().text;  // the torn last line of a killed receiver is no message
  EXPECT_EQ(received->ids.size(), 2U);
  EXPECT_EQ(received->again, 1U);
  const auto results = folder.write(
      "recipients.jsonl", R"({"id":")" + a.text() + R"(","state":"delivered"})" + "\n" + R"({"id":")" +
                              MessageId{5, 6}.text() + R"(","state":"delivered"})" + "\n" +
                              R"({"state":"bounced"})" + "\n");
  DemoFacts facts;
  ASSERT_TRUE(match_results(results, *received, facts));
  EXPECT_TRUE(facts.matched);
  EXPECT_EQ(facts.told.delivered, 2U);
  EXPECT_EQ(facts.told.bounced, 1U);
  EXPECT_EQ(facts.lost, 1U);
  EXPECT_EQ(facts.untold, 1U);
}

TEST(DemoEvidence, ALineThatIsNoneIsDamage) {
  const Folder folder;
  EXPECT_FALSE(read_received({folder.write("x.log", "nonsense here\n\n")}));
  EXPECT_FALSE(read_received({folder.path() + "/absent.log"}));
  DemoFacts facts;
  EXPECT_FALSE(match_results(folder.write("r.jsonl", "{\n"), {}, facts));
}

TEST(DemoEarlier, CountsByProvider) {
  const Folder folder;
  folder.write("events-00000000000000000001.jsonl", R"({"seq":1,"event":"injected"})"
                                                    "\n"
                                                    R"({"seq":2,"event":"delivered","provider":"p"})"
                                                    "\n"
                                                    R"({"seq":3,"event":"deferred","provider":"p"})"
                                                    "\n"
                                                    R"({"seq":4,"event":"bounced","provider":"q"})"
                                                    "\n");
  const auto counts = count_earlier(folder.path());
  ASSERT_TRUE(counts) << counts.error().text;
  EXPECT_EQ(counts->at("p").delivered, 1U);
  EXPECT_EQ(counts->at("p").deferred, 1U);
  EXPECT_EQ(counts->at("q").bounced, 1U);
  EXPECT_EQ(counts->size(), 2U);
}

TEST(DemoView, NamesTheLimit) {
  EXPECT_EQ(wait_text("policy \"x\" message_rate 650/s burst 33"), "at its limit of 650/s");
  EXPECT_EQ(wait_text("back-off of rule x: message_rate 350/s, until 2026-11-26T13:17:03Z"),
            "at its limit of 350/s");
  EXPECT_EQ(wait_text("back-off: rate-limit"), "backs off: rate-limit");
  EXPECT_EQ(wait_text(""), "");
  EXPECT_EQ(wait_text("evil\x1b[2J").find('\x1b'), std::string::npos);
}

TEST(DemoView, LinesFitTheTerminal) {
  DemoMoment moment;
  moment.rows = 100'000;
  moment.counters.injected = 50'000;
  moment.counters.delivered = 20'000;
  moment.providers.push_back({"outlook-like", 40'000, 20'000, 100, 7, 812.5, 10,
                              "policy \"a-very-long-name-of-a-policy\" message_rate 650/s burst 33"});
  for (const std::size_t width : {80U, 100U, 200U}) {
    const Terminal terminal{true, false, width};
    for (const auto& line : demo_lines(moment, terminal)) {
      EXPECT_LE(display_width(line), width) << line;
      EXPECT_TRUE(line.starts_with("outlook-like") || line.starts_with("all")) << line;
    }
  }
}

TEST(DemoView, FullOnlyWhenItIs) {
  DemoRow row;
  row.recipients = 100'000;
  row.delivered = 99'999;
  EXPECT_LT(row.done(), 1);
  row.bounced = 1;
  EXPECT_EQ(row.done(), 1);
}

TEST(DemoResult, SaysWhenItDoesNotBalance) {
  DemoResult result;
  result.ending = DemoEnding::done;
  result.checks = check_demo(good_facts());
  result.signatures = {10, 20, 10, ""};
  EXPECT_TRUE(result.holds());
  EXPECT_NE(result.to_text({}).find("The ledger balances."), std::string::npos);
  result.signatures.verified = 9;
  result.signatures.trouble = "sample.eml: bad";
  EXPECT_FALSE(result.holds());
  EXPECT_NE(result.to_text({}).find("DOES NOT BALANCE"), std::string::npos);
  EXPECT_FALSE(result.to_json().at("holds").as_bool());
}

}  // namespace
}  // namespace sluice::app
