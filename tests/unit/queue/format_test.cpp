// The bytes of queue/FORMAT.md's worked example. A change here is a change of format: it needs a new number
// in recovery.cpp and a migration, and FORMAT.md says so.
#include <gtest/gtest.h>

#include "engine/base/bytes.hpp"
#include "engine/store/checksum.hpp"
#include "queue/counters.hpp"
#include "queue/debt.hpp"
#include "queue/event.hpp"
#include "queue/families.hpp"
#include "queue/outbox.hpp"
#include "queue/record.hpp"
#include "queue/stream.hpp"

// clang-format off: one quoted piece a field
namespace sluice::queue {
namespace {

constexpr std::int64_t kAccepted = 1'764'104'400'000;  // 2025-11-25T21:00:00Z
constexpr std::string_view kPayload(
    "\x03"
    "Ada\x02\x03"
    "Ada",
    9);  // display name, then a row of one flat column

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

template <class T>
std::string bytes_of(const T& value) {
  std::string out;
  value.append_to(out);
  return out;
}

TEST(Format, FirstAttemptKey) {
  const RecordKey key{7, Phase::first, 0, "example.test", 42};
  EXPECT_EQ(hex(key.encode()),
            "00000007"
            "00"
            "6578616d706c652e74657374"
            "00"
            "000000002a");
}

TEST(Format, RetryKey) {
  const RecordKey key{7, Phase::retry, 1'764'104'700, "example.test", 42};
  EXPECT_EQ(hex(key.encode()),
            "00000007"
            "01"
            "692619fc"
            "6578616d706c652e74657374"
            "00"
            "000000002a");
}

TEST(Format, ValueNeverTried) { EXPECT_EQ(hex(bytes_of(RecordValue{"ada", kAccepted, {}, kPayload})),
            "00" "80d9c3e6ab33" "03616461" "03416461" "0203416461" "d5de0c31"); }

TEST(Format, ValueTriedTwice) {
  const Trail trail{.attempts = 2, .source = 1, .greylisted = true};
  EXPECT_EQ(hex(bytes_of(RecordValue{"ada", kAccepted, trail, kPayload})),
            "05" "020001" "80d9c3e6ab33" "03616461" "03416461" "0203416461" "06008f16");
}

TEST(Format, LeaseBlockListsCountedKeys) {
  std::string block;
  put_string(block, RecordKey{7, Phase::first, 0, "example.test", 42}.encode());
  EXPECT_EQ(hex(block),
            "17"
            "00000007"
            "00"
            "6578616d706c652e74657374"
            "00"
            "000000002a");
}

TEST(Format, CountersAreTenNumbers) {
  EXPECT_EQ(hex(bytes_of(Counters{300, 1, 2, 3, 4, 5, 6, 7, 8, 9})), "ac02010203040506070809");
}

TEST(Format, RecordsHeldStandApart) {
  Counters held;
  held.held = 7;
  EXPECT_EQ(hex(bytes_of(held)), "00000000000000000000") << "counted in marks, stream(4) 'h'";
}

TEST(Format, DeliveredEvent) {
  Event event;
  event.kind = EventKind::delivered;
  event.time_ms = kAccepted + 1000;
  event.stream = 7;
  event.id = MessageId::make(from_ms(kAccepted), 0, 7, 42);
  event.recipient = "ada@example.test";
  event.reply_code = 250;
  event.attempts = 1;
  event.queued_ms = 1000;
  EXPECT_EQ(hex(bytes_of(event)),
            "02" "40e8e0c3e6ab33" "4107" "1310" "19abcd0ec8000000" "000007000000002a"
            "0110" "616461406578616d706c652e74657374" "42fa01" "4301" "44e807");
}

TEST(Format, StreamSettings) {
  StreamSettings settings;
  settings.tenant = "shop";
  settings.name = "autumn";
  settings.created_ms = kAccepted;
  EXPECT_EQ(hex(encode_stream(settings, StreamState::running)),
            "00" "00" "01" "05" "80c60a" "80d9c3e6ab33" "00" "0473686f70" "06617574756d6e" "0764656661756c74"
            "00" "00" "447e3a73");
}

TEST(Format, ChecksumIsCastagnoli) {
  EXPECT_EQ(store::crc32c("123456789"), 0xe3069283U);  // RFC 3720 B.4's polynomial, the usual check value
}

TEST(Format, DebtHoldsEventAndRecord) {
  Debt debt;
  Event event;
  event.kind = EventKind::bounced;
  event.time_ms = kAccepted;
  event.append_to(debt.event);
  debt.key = RecordKey{7, Phase::first, 0, "example.test", 42}.encode();
  RecordValue{"ada", kAccepted, {}, kPayload}.append_to(debt.value);
  EXPECT_EQ(hex(debt.encode()),
            "08" "03" "4080d9c3e6ab33"
            "17" "00000007" "00" "6578616d706c652e74657374" "00" "000000002a"
            "00" "80d9c3e6ab33" "03616461" "03416461" "0203416461" "d5de0c31");
  EXPECT_EQ(hex(delay_told_key(7, 42)), "64" "00000007" "000000002a");
}

TEST(Format, OutboxRowHoldsTheEventsOfACommit) {
  std::string row = OutboxRow::value("first");
  put_string(row, "second");
  EXPECT_EQ(hex(row), "00" "056669727374" "067365636f6e64");
  EXPECT_EQ(hex(OutboxRow::key(258)), "0000000000000102");
  const auto decoded = OutboxRow::decode(OutboxRow::key(258), row);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->first(), 257U);
  EXPECT_EQ(decoded->events, (std::vector<std::string_view>{"first", "second"}));
}

TEST(Format, FamiliesKeepTheirOrder) {
  const std::vector<std::string> names{"default",    "streams",    "content", "records", "leases",
                                       "marks",      "counters",   "outbox",  "sent",    "damaged",
                                       "bodies",     "suppressed", "suppression", "owed"};
  EXPECT_EQ(family_names(), names);
  EXPECT_EQ(family_names()[kRecords], "records");
  EXPECT_EQ(family_names()[kDamaged], "damaged");
}

}  // namespace
}  // namespace sluice::queue
