// The accounts inside one commit: what an earlier work of the batch did is not in the database yet.
#include "queue/ledger.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "queue/families.hpp"
#include "queue/outbox.hpp"

namespace sluice::queue {
namespace {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    char name[] = "/tmp/sluice-ledger-XXXXXX";
    folder_ = ::mkdtemp(name);
    store::Options options;
    options.path = folder_ / "store";
    auto database = store::Database::open(options, family_names());
    EXPECT_TRUE(database) << database.error().text;
    database_ = std::move(*database);
    EXPECT_TRUE(ledger_.load(*database_));
  }
  ~LedgerTest() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// A queued record of stream 1.
  Held insert(Row row) {
    const RecordKey key{1, Phase::first, 0, "d.test", row};
    std::string value;
    RecordValue{"u", 1000, {}, "payload"}.append_to(value);
    auto page = std::make_shared<Page>();
    EXPECT_TRUE(page->add(key.encode(), value));
    commit([&](store::Batch& batch) { ledger_.insert(batch, key.encode(), value); });
    return Held{stream_, page, 0, LaneRef{}, 0};
  }
  void commit(const std::function<void(store::Batch&)>& apply) {
    auto batch = database_->make_batch();
    apply(batch);
    ledger_.seal(batch);
    EXPECT_TRUE(database_->write_synced(batch));
    ledger_.after_sync();
  }
  void lease(Held& held, std::uint64_t block) {
    held.block = block;
    commit([&](store::Batch& batch) { ledger_.lease(batch, block, {held}); });
  }

  std::filesystem::path folder_;
  std::unique_ptr<store::Database> database_;
  Ledger ledger_{nullptr};
  StreamPtr stream_ = std::make_shared<Stream>(1, StreamSettings{}, StreamState::running);
};

TEST_F(LedgerTest, WhatWasSettledInThisBatchCannotBeWithdrawn) {
  auto held = insert(7);
  lease(held, 1);
  const auto key = held.record().key;
  commit([&](store::Batch& batch) {
    EXPECT_FALSE(ledger_.withdraw(batch, *database_, key)) << "leased";
    Settlement settlement;
    settlement.held = held;
    ledger_.settle(batch, settlement);
    EXPECT_FALSE(ledger_.withdraw(batch, *database_, key)) << "settled a moment ago, still in the database";
  });
  commit([&](store::Batch& batch) { EXPECT_FALSE(ledger_.withdraw(batch, *database_, key)) << "gone"; });
}

TEST_F(LedgerTest, AnAssumedDeliveryIsTwoEvents) {
  auto held = insert(7);
  lease(held, 1);
  const auto seq = ledger_.committed_seq();
  Settlement settlement;
  settlement.held = held;
  settlement.doubt = "in doubt";
  settlement.event = "delivered";
  commit([&](store::Batch& batch) { ledger_.settle(batch, settlement); });
  ASSERT_EQ(ledger_.committed_seq(), seq + 2);
  OutboxReader events(*database_, seq + 1);
  ASSERT_TRUE(events.valid());
  EXPECT_EQ(events.event(), "in doubt");
  events.next();
  ASSERT_TRUE(events.valid());
  EXPECT_EQ(events.event(), "delivered");
  EXPECT_EQ(events.seq(), seq + 2);
  EXPECT_EQ(ledger_.counters(1).doubts, 1U);
  EXPECT_EQ(ledger_.counters(1).delivered, 1U);
}

TEST_F(LedgerTest, ARecordIsWithdrawnOnce) {
  const auto held = insert(7);
  const auto other = insert(8);
  commit([&](store::Batch& batch) {
    const auto value = ledger_.withdraw(batch, *database_, held.record().key);
    ASSERT_TRUE(value);
    EXPECT_EQ(RecordValue::decode(*value)->payload, "payload");
    EXPECT_FALSE(ledger_.withdraw(batch, *database_, held.record().key));
  });
  commit([&](store::Batch& batch) {
    EXPECT_FALSE(ledger_.withdraw(batch, *database_, held.record().key));
    EXPECT_TRUE(ledger_.withdraw(batch, *database_, other.record().key))
        << "what an earlier batch took says nothing";
  });
}

}  // namespace
}  // namespace sluice::queue
