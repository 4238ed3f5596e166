// Rows of events: made, read from any number, cut off by a trim, damaged.
#include "queue/outbox.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "queue/families.hpp"

namespace sluice::queue {
namespace {

using Events = std::vector<std::pair<std::uint64_t, std::string>>;

class OutboxTest : public testing::Test {
 protected:
  OutboxTest() {
    char name[] = "/tmp/sluice-outbox-XXXXXX";
    folder_ = ::mkdtemp(name);
    store::Options options;
    options.path = folder_ / "store";
    auto database = store::Database::open(options, family_names());
    EXPECT_TRUE(database) << database.error().text;
    database_ = std::move(*database);
  }
  ~OutboxTest() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  void change(const std::function<void(store::Batch&)>& apply) {
    auto batch = database_->make_batch();
    apply(batch);
    ASSERT_TRUE(database_->write_synced(batch));
  }
  /// Events first to last as one commit makes them: each its number, filled up to `bytes`.
  void commit(std::uint64_t first, std::uint64_t last, std::size_t bytes = 0) {
    change([&](store::Batch& batch) {
      OutboxWriter writer;
      for (auto seq = first; seq <= last; ++seq) {
        auto event = "e" + std::to_string(seq);
        event.resize(std::max(event.size(), bytes), '.');
        writer.add(batch, seq, event);
      }
      writer.flush(batch);
      writer.flush(batch);  // nothing is left
    });
  }
  [[nodiscard]] Events read(std::uint64_t first, std::uint64_t last = UINT64_MAX) const {
    Events out;
    OutboxReader reader(*database_, first, last);
    for (; reader.valid(); reader.next()) {
      const auto event = reader.event();
      out.emplace_back(reader.seq(), event.substr(0, event.find('.')));
    }
    EXPECT_TRUE(reader.status());
    return out;
  }
  [[nodiscard]] static Events told(std::uint64_t first, std::uint64_t last) {
    Events out;
    for (auto seq = first; seq <= last; ++seq) out.emplace_back(seq, "e" + std::to_string(seq));
    return out;
  }
  [[nodiscard]] std::size_t rows() const {
    std::size_t out = 0;
    const auto cursor = database_->cursor(kOutbox, std::string(), std::string(9, '\xff'));
    for (; cursor->valid(); cursor->next()) ++out;
    return out;
  }

  std::filesystem::path folder_;
  std::unique_ptr<store::Database> database_;
};

TEST_F(OutboxTest, EventsOfACommitAreARowAndAreReadFromAnyNumberToAny) {
  commit(1, 5);
  commit(6, 6);
  commit(7, 12);
  EXPECT_EQ(rows(), 3u);
  EXPECT_EQ(read(0), told(1, 12));
  for (std::uint64_t first = 1; first <= 12; ++first) {
    for (auto last = first; last <= 12; ++last)
      EXPECT_EQ(read(first, last), told(first, last)) << first << ".." << last;
  }
  EXPECT_EQ(read(13), Events{});
  EXPECT_EQ(read(4, 3), Events{});
}

TEST_F(OutboxTest, AnEmptyOneHasNoEvents) { EXPECT_EQ(read(0), Events{}); }

TEST_F(OutboxTest, ALongCommitIsSeveralRows) {
  constexpr std::size_t kBytes = 1000;
  constexpr std::uint64_t kEvents = 500;
  commit(1, kEvents, kBytes);
  EXPECT_EQ(rows(), kEvents * kBytes / OutboxWriter::kFullRow + 1);
  EXPECT_EQ(read(1), told(1, kEvents));
  EXPECT_EQ(read(300, 301), told(300, 301));
}

TEST_F(OutboxTest, ATrimLeavesARowWholeThatReachesBeyondIt) {
  commit(1, 5);
  commit(6, 10);
  const auto trim = [&](std::uint64_t upto) {
    change([&](store::Batch& batch) {
      batch.erase_range(kOutbox, OutboxRow::key(0), OutboxRow::key(upto + 1));
    });
  };
  trim(4);
  EXPECT_EQ(read(0), told(1, 10));
  trim(7);
  EXPECT_EQ(read(0), told(6, 10));
  trim(10);
  EXPECT_EQ(read(0), Events{});
}

TEST_F(OutboxTest, ARowThatDoesNotDecodeIsOneEventWithoutBytes) {
  commit(1, 3);
  commit(7, 8);
  change([](store::Batch& batch) {
    batch.put(kOutbox, OutboxRow::key(6), std::string("\0\x05", 2) + "four");
    batch.put(kOutbox, "no key", "x");
  });
  const Events expected{{1, "e1"}, {2, "e2"}, {3, "e3"}, {6, ""}, {7, "e7"}, {8, "e8"}};
  EXPECT_EQ(read(0), expected);
}

TEST(OutboxRow, WhatIsNoRowDoesNotDecode) {
  const auto key = OutboxRow::key(2);
  const auto one = OutboxRow::value("event");
  ASSERT_TRUE(OutboxRow::decode(key, one));
  EXPECT_EQ(OutboxRow::decode(key, one)->first(), 2u);
  EXPECT_FALSE(OutboxRow::decode("2", one));
  EXPECT_FALSE(OutboxRow::decode(key, ""));
  EXPECT_FALSE(OutboxRow::decode(key, std::string(1, '\0'))) << "no event at all";
  EXPECT_FALSE(OutboxRow::decode(key, one.substr(1))) << "another tag";
  EXPECT_FALSE(OutboxRow::decode(key, one.substr(0, 4))) << "cut off";
  const auto three = one + one.substr(1) + one.substr(1);
  EXPECT_FALSE(OutboxRow::decode(key, three)) << "more than there are numbers";
  EXPECT_TRUE(OutboxRow::decode(OutboxRow::key(3), three));
}

}  // namespace
}  // namespace sluice::queue
