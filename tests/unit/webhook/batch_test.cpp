#include "engine/webhook/batch.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "engine/webhook/back_off.hpp"
#include "engine/webhook/http_post.hpp"
#include "engine/webhook/standing.hpp"

namespace sluice::webhook {
namespace {

namespace fs = std::filesystem;

std::string line_of(std::uint64_t seq, std::string_view kind, std::string_view tenant) {
  return fmt::format(
      R"({{"v":1,"seq":{},"time":"2026-11-26T00:00:00.000Z","event":"{}","stream":1,)"
      R"("flow":"transactional","tenant":"{}","recipient":"r{}@a.test","meta":{{"tenant":"x"}}}})",
      seq, kind, tenant, seq);
}

class BatchTest : public testing::Test {
 protected:
  BatchTest() {
    std::string pattern = testing::TempDir() + "sluice-batch-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~BatchTest() override { fs::remove_all(folder_); }

  /// Events first … last in a file of their own; odd numbers are bounces of tenant a, even ones deliveries of
  /// b.
  void write(std::uint64_t first, std::uint64_t last) {
    std::ofstream out(folder_ / fmt::format("events-{:020}.jsonl", first));
    for (auto seq = first; seq <= last; ++seq)
      out << line_of(seq, seq % 2 == 1 ? "bounced" : "delivered", seq % 2 == 1 ? "a" : "b") << '\n';
  }
  [[nodiscard]] queue::EventReader reader(std::uint64_t after) const { return {folder_.string(), after}; }
  static std::vector<std::uint64_t> numbers_of(const Batch& batch) {
    std::vector<std::uint64_t> out;
    const auto body = boost::json::parse(batch.body());
    for (const auto& event : body.at("data").at("events").as_array())
      out.push_back(event.at("seq").to_number<std::uint64_t>());
    return out;
  }

  fs::path folder_;
};

TEST_F(BatchTest, TakesWhatTheFilterWants) {
  write(1, 10);
  auto in = reader(0);
  Batch batch("crm", {{"a"}, {"bounced"}}, {}, 0, 0);
  EXPECT_EQ(batch.fill(in, 10, 1000), Batch::Fill::dry);
  EXPECT_EQ(numbers_of(batch), (std::vector<std::uint64_t>{1, 3, 5, 7, 9}));
  EXPECT_EQ(batch.upto(), 10U);
}

TEST_F(BatchTest, MetaOfARecipientIsNoTenant) {
  const Filter filter{{"x"}, {}};
  EXPECT_FALSE(filter.takes(line_of(1, "bounced", "a")));
  EXPECT_FALSE(filter.takes(R"({"v":1,"seq":1,"time":"","event":"alert","detail":"\"tenant\":\"x\""})"));
}

TEST_F(BatchTest, EndsAtItsBoundsAndNeverAboveUpto) {
  write(1, 10);
  auto in = reader(0);
  Batch few("crm", {}, {3, 1 << 20}, 0, 0);
  EXPECT_EQ(few.fill(in, 10, 1000), Batch::Fill::full);
  EXPECT_EQ(numbers_of(few), (std::vector<std::uint64_t>{1, 2, 3}));
  Batch small("crm", {}, {100, 1}, 3, 0);
  EXPECT_EQ(small.fill(in, 10, 1000), Batch::Fill::full);
  EXPECT_EQ(numbers_of(small), (std::vector<std::uint64_t>{4})) << "a longer line goes alone";
  Batch bounded("crm", {}, {}, 4, 0);
  EXPECT_EQ(bounded.fill(in, 6, 1000), Batch::Fill::dry);
  EXPECT_EQ(bounded.upto(), 6U);
  Batch step("crm", {}, {}, 6, 0);
  EXPECT_EQ(step.fill(in, 10, 2), Batch::Fill::more);
  EXPECT_EQ(step.events(), 2U);
}

TEST_F(BatchTest, TheSameEventsHaveTheSameIdAndBody) {
  write(1, 10);
  auto one = reader(2);
  auto other = reader(2);
  Batch first("crm", {}, {4, 1 << 20}, 2, 0);
  Batch again("crm", {}, {}, 2, 0);
  ASSERT_EQ(first.fill(one, 10, 1000), Batch::Fill::full);
  ASSERT_EQ(again.fill(other, first.upto(), 1000), Batch::Fill::dry);
  EXPECT_EQ(first.id(), again.id());
  EXPECT_EQ(first.body(), again.body());
  EXPECT_FALSE(first.id().contains('.')) << "the signed text separates by dots";
  for (auto* filter : {"delivered", "bounced"}) {
    auto in = reader(2);
    Batch filtered("crm", {{}, {filter}}, {}, 2, 0);
    ASSERT_EQ(filtered.fill(in, first.upto(), 1000), Batch::Fill::dry);
    EXPECT_NE(filtered.id(), first.id());
  }
  auto in = reader(2);
  Batch replayed("crm", {}, {}, 2, 1);
  ASSERT_EQ(replayed.fill(in, first.upto(), 1000), Batch::Fill::dry);
  EXPECT_NE(replayed.id(), first.id());
}

TEST_F(BatchTest, WhatIsGoneIsCounted) {
  write(5, 8);
  write(12, 13);
  auto in = reader(1);
  Batch batch("crm", {}, {}, 1, 0);
  EXPECT_EQ(batch.fill(in, 13, 1000), Batch::Fill::dry);
  EXPECT_EQ(batch.missing(), 3U + 3U);
  EXPECT_EQ(batch.missing_from(), 2U);
  EXPECT_EQ(numbers_of(batch), (std::vector<std::uint64_t>{5, 6, 7, 8, 12, 13}));
  EXPECT_EQ(boost::json::parse(batch.body()).at("data").at("missing").to_number<int>(), 6);
}

TEST_F(BatchTest, ReaderFindsItsPlaceInALargeFile) {
  write(1, 3000);
  write(3001, 3010);
  for (const std::uint64_t after : {0ULL, 1ULL, 1499ULL, 2998ULL, 2999ULL, 3000ULL, 3009ULL}) {
    auto in = reader(after);
    const auto* line = in.peek(3010);
    ASSERT_NE(line, nullptr) << after;
    EXPECT_EQ(line->seq, after + 1);
  }
  auto end = reader(3010);
  EXPECT_EQ(end.peek(5000), nullptr);
}

TEST_F(BatchTest, ReaderWaitsForTheRestOfALineAndForTheNextFile) {
  const auto file = folder_ / "events-00000000000000000001.jsonl";
  std::ofstream(file) << line_of(1, "bounced", "a") << "\n{\"v\":1,\"seq\":2";
  auto in = reader(0);
  ASSERT_NE(in.peek(9), nullptr);
  in.pop();
  EXPECT_EQ(in.peek(9), nullptr);
  std::ofstream(file, std::ios::app) << ",\"event\":\"alert\"}\n";
  ASSERT_NE(in.peek(9), nullptr);
  EXPECT_EQ(in.peek(9)->text, R"({"v":1,"seq":2,"event":"alert"})");
  in.pop();
  write(3, 3);
  ASSERT_NE(in.peek(9), nullptr);
  EXPECT_EQ(in.peek(9)->seq, 3U);
}

TEST(BackOff, DoublesToItsBoundAndKeepsWhatWasAsked) {
  using std::chrono::milliseconds;
  Random random(7);
  for (unsigned failures = 1; failures < 200; ++failures) {
    const auto wait = back_off(failures, milliseconds(1000), milliseconds(60'000), std::nullopt, random);
    const auto whole = failures > 6 ? 60'000 : 1000 << (failures - 1);
    EXPECT_LE(wait.count(), whole);
    EXPECT_GE(wait.count(), whole / 2);
  }
  EXPECT_EQ(back_off(1, milliseconds(1000), milliseconds(2000), milliseconds(90'000), random).count(),
            90'000);
}

TEST(BackOff, RetryAfterIsSecondsOrADate) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_retry_after("120", 0), seconds(120));
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946'684'790), seconds(9));
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946'684'800), std::nullopt) << "past";
  for (const char* text : {"", "-1", "soon", "12 s", "99999999999999999999"})
    EXPECT_EQ(parse_retry_after(text, 0), std::nullopt) << text;
}

TEST(Standing, ReadsWhatItWrote) {
  const Standing standing{10, 20, 3, 1'764'104'400'000, "gone"};
  std::string bytes;
  standing.append_to(bytes);
  EXPECT_EQ(Standing::decode(bytes), standing);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_EQ(Standing::decode(std::string_view(bytes).substr(0, cut)), std::nullopt);
  EXPECT_EQ(Standing::decode(bytes + "x"), std::nullopt);
}

}  // namespace
}  // namespace sluice::webhook
