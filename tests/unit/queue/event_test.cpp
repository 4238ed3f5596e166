#include "queue/event.hpp"

#include <gtest/gtest.h>

#include "engine/base/bytes.hpp"
#include "queue/event_json.hpp"

namespace sluice::queue {
namespace {

Event full() {
  Event e;
  e.kind = EventKind::deferred;
  e.time_ms = 1'764'000'000'123;
  e.stream = 7;
  e.id = MessageId{0x0123456789abcdef, 0xfedcba9876543210};
  e.recipient = "ada@example.test";
  e.sender = "b@bounces.test";
  e.domain = "example.test";
  e.site = "mx.example.test";
  e.provider = "gmail";
  e.source = "a";
  e.remote_ip = "192.0.2.1";
  e.mx = "mx1.example.test";
  e.stage = "rcpt";
  e.reply_code = 451;
  e.reply_enhanced = "4.7.1";
  e.reply_text = "Greylisted,\nplease \"wait\"\x01";
  e.event_class = "greylist";
  e.attempts = 3;
  e.queued_ms = 4500;
  e.size_bytes = 12345;
  e.tls_version = "TLSv1.3";
  e.tls_cipher = "TLS_AES_256_GCM_SHA384";
  e.tls_policy = "opportunistic";
  e.dkim = "shop.test/s1";
  e.meta = R"({"contact_id":"7"})";
  e.count = 10;
  e.first_row = 1;
  e.last_row = 12;
  e.detail = "one sentence";
  e.due_ms = 1'764'000'300'000;
  return e;
}

std::string encoded(const Event& event) {
  std::string out;
  event.append_to(out);
  return out;
}

TEST(Event, EveryFieldComesBack) {
  const auto bytes = encoded(full());
  const auto back = Event::decode(bytes);
  ASSERT_TRUE(back);
  // The encoding has every field: equal bytes again mean that none was lost or mixed up.
  EXPECT_EQ(encoded(*back), bytes);
  EXPECT_EQ(back->kind, EventKind::deferred);
  EXPECT_EQ(back->id, full().id);
  EXPECT_EQ(back->reply_text, full().reply_text);
  EXPECT_EQ(back->due_ms, full().due_ms);
  std::string line;
  append_event_line(line, 5, *back, nullptr);
  std::string direct;
  append_event_line(direct, 5, full(), nullptr);
  EXPECT_EQ(line, direct);
}

TEST(Event, EmptyFieldsTakeNoBytes) {
  Event event;
  event.kind = EventKind::alert;
  EXPECT_EQ(encoded(event).size(), 1U);
}

TEST(Event, UnknownTagsAreSkipped) {
  auto bytes = encoded(full());
  put_u8(bytes, 60);  // a text tag of a later version
  put_string(bytes, "later");
  put_u8(bytes, 200);  // a number tag of a later version
  put_varint(bytes, 99);
  const auto back = Event::decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(encoded(*back), encoded(full()));
}

TEST(Event, DamagedBytesAreRefusedOrReadWithinThem) {
  EXPECT_FALSE(Event::decode(""));
  EXPECT_FALSE(Event::decode(std::string(1, '\0')));
  EXPECT_FALSE(Event::decode(std::string(1, '\x7f')));
  const auto bytes = encoded(full());
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    // A copy of exactly that size, so that a read beyond it is seen by the address sanitizer.
    const std::string piece = bytes.substr(0, cut);
    const auto back = Event::decode(piece);
    if (back) EXPECT_LE(encoded(*back).size(), cut);
  }
  std::string length = "\x01\x01";
  put_varint(length, UINT64_MAX);
  EXPECT_FALSE(Event::decode(length)) << "a length beyond the bytes";
  std::string id = "\x01\x13\x03";
  EXPECT_FALSE(Event::decode(id + "abc")) << "an id of three bytes";
}

TEST(Event, OnlyFiveKindsAreFinal) {
  int finals = 0;
  for (int kind = 1; kind <= static_cast<int>(EventKind::alert); ++kind) {
    finals += is_final(static_cast<EventKind>(kind)) ? 1 : 0;
  }
  EXPECT_EQ(finals, 5);
  EXPECT_FALSE(is_final(EventKind::injected));
  EXPECT_FALSE(is_final(EventKind::deferred));
  EXPECT_FALSE(is_final(EventKind::in_doubt));
  EXPECT_TRUE(is_final(EventKind::suppressed));
}

TEST(EventLine, NeverHoldsALineEndInside) {
  std::string line;
  append_event_line(line, 1, full(), nullptr);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
}

}  // namespace
}  // namespace sluice::queue
