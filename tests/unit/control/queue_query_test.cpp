#include "engine/control/queue_query.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/control/event_search.hpp"
#include "queue/families.hpp"

namespace sluice::control {
namespace {

/// An empty store with two streams.
class QueueQueryTest : public testing::Test {
 protected:
  QueueQueryTest() {
    char name[] = "/tmp/sluice-query-XXXXXX";
    folder_ = ::mkdtemp(name);
    store::Options options;
    options.path = folder_ / "store";
    database_ = std::move(*store::Database::open(options, queue::family_names()));
    for (StreamId id = 1; id <= 2; ++id) {
      queue::StreamSettings settings;
      settings.tenant = id == 1 ? "shop" : "bank";
      settings.name = "autumn";
      streams_.add(std::make_shared<queue::Stream>(id, settings, queue::StreamState::running));
    }
  }
  ~QueueQueryTest() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] QueueSource source() const { return {*database_, streams_, 0, folder_.string()}; }
  [[nodiscard]] ErrorCode error_of(const QueueQuery& query) const {
    const auto filter = filter_of(query, source());
    EXPECT_FALSE(filter);
    return filter ? ErrorCode::internal : filter.error().code;
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  std::filesystem::path folder_;
  std::unique_ptr<store::Database> database_;
  queue::StreamTable streams_;
};

QueueQuery of(const QueueQuery::Words& words) {
  auto query = QueueQuery::from(words);
  EXPECT_TRUE(query);
  return query.value_or(QueueQuery{});
}

TEST_F(QueueQueryTest, AMisspeltWordIsRefusedAndNeverMeansAll) {
  const auto query = QueueQuery::from({{"domian", "a.test"}});
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().code, ErrorCode::invalid_input);
  EXPECT_TRUE(of({}).everything());
  EXPECT_TRUE(of({{"cursor", "00"}}).everything()) << "a place to go on chooses nothing";
  EXPECT_FALSE(of({{"tenant", "shop"}}).everything());
}

TEST_F(QueueQueryTest, CampaignsAndTenantsAreFoundByName) {
  EXPECT_EQ(filter_of(of({{"campaign", "autumn"}}), source())->streams, (std::vector<StreamId>{1, 2}));
  EXPECT_EQ(filter_of(of({{"campaign", "bank/autumn"}}), source())->streams, (std::vector<StreamId>{2}));
  EXPECT_EQ(filter_of(of({{"tenant", "shop"}}), source())->streams, (std::vector<StreamId>{1}));
  EXPECT_EQ(error_of(of({{"campaign", "nobody"}})), ErrorCode::not_found);
  EXPECT_EQ(error_of(of({{"tenant", "nobody"}})), ErrorCode::not_found);
  EXPECT_EQ(error_of(of({{"id", MessageId::make({}, 0, 1, 5).text()}, {"tenant", "bank"}})),
            ErrorCode::not_found);
}

TEST_F(QueueQueryTest, WhatMeansNothingIsRefused) {
  EXPECT_EQ(error_of(of({{"id", "no id"}})), ErrorCode::invalid_input);
  EXPECT_EQ(error_of(of({{"state", "gone"}})), ErrorCode::invalid_input);
  EXPECT_EQ(error_of(of({{"domain", "a..b"}})), ErrorCode::invalid_input);
  EXPECT_EQ(error_of(of({{"domain", std::string("a\0b.test", 8)}})), ErrorCode::invalid_input);
  EXPECT_EQ(error_of(of({{"recipient", "nobody"}})), ErrorCode::invalid_input);
  EXPECT_EQ(error_of(of({{"recipient", "a@x.test"}, {"domain", "y.test"}})), ErrorCode::invalid_input);
  EXPECT_EQ(error_of(of({{"provider", "google"}})), ErrorCode::unavailable) << "no router, no providers";
}

TEST_F(QueueQueryTest, DomainsAreBroughtToTheFormOfTheStore) {
  const auto filter = filter_of(of({{"recipient",
                                     "Ann@B\xc3\xbc"
                                     "cher.Test"}}),
                                source());
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->domain, "xn--bcher-kva.test");
  EXPECT_EQ(filter->local, "Ann");
}

TEST(QueueCursor, OnlyOurOwnTextIsTaken) {
  const std::string bytes(
      "\0\xff"
      "a\x10",
      4);
  EXPECT_EQ(cursor_text(bytes), "00ff6110");
  EXPECT_EQ(*cursor_bytes("00ff6110"), bytes);
  EXPECT_EQ(*cursor_bytes(""), "");
  for (const auto* wrong : {"0", "0g", "00FF", "zz00", " 00"}) EXPECT_FALSE(cursor_bytes(wrong)) << wrong;
  EXPECT_FALSE(cursor_bytes(std::string(100'000, '0')));
}

TEST_F(QueueQueryTest, TheLastEventIsFoundAcrossFilesAndChunks) {
  const auto id = MessageId::make(from_ms(1'764'104'400'000), 0, 1, 5);
  const auto other = MessageId::make(from_ms(1'764'104'400'000), 0, 1, 6);
  const auto line = [](const MessageId& of, const std::string& text) {
    return R"({"seq":1,"id":")" + of.text() + R"(","x":")" + text + "\"}\n";
  };
  std::string long_file = line(id, "first") + line(id, "second");
  while (long_file.size() < (3u << 20)) long_file += line(other, std::string(997, 'p'));
  write("events-00000000000000000001.jsonl", long_file);
  write("events-00000000000000005000.jsonl", line(other, "newest"));
  const auto found = last_event_of(folder_.string(), id, 64u << 20);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->line + "\n", line(id, "second"));
  EXPECT_EQ(last_event_of(folder_.string(), other, 64u << 20)->line + "\n", line(other, "newest"));
  const auto short_of = last_event_of(folder_.string(), id, 1u << 20);
  EXPECT_EQ(short_of->line, "");
  EXPECT_FALSE(short_of->searched_all);
  const auto nobody = last_event_of(folder_.string(), MessageId::make({}, 0, 9, 9), 64u << 20);
  EXPECT_EQ(nobody->line, "");
  EXPECT_TRUE(nobody->searched_all);
}

}  // namespace
}  // namespace sluice::control
