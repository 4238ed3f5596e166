#include "queue/throttle_rows.hpp"

#include <gtest/gtest.h>

#include "queue/families.hpp"
#include "tests/unit/queue/fake_worker.hpp"
#include "tests/unit/queue/queue_fixture.hpp"
#include "throttle/permits.hpp"

namespace sluice::queue {
namespace {

using throttle::Dimension;

throttle::Override every_field() {
  throttle::Override out;
  out.id = "tss04 yahoo";
  out.match[Dimension::provider] = "yahoo";
  out.match[Dimension::source] = "*";
  out.scale = 0.25;
  out.message_rate = throttle::Rate::parse("1/10min burst 2").value();
  out.connections = 3;
  out.pause = true;
  out.until = from_ms(1'780'000'000'000);
  out.cause = "421 4.7.0 [TSS04]";
  out.by = "rule";
  return out;
}

TEST(ThrottleRows, AnOverrideReadsBackAsWritten) {
  const auto from = every_field();
  const auto bytes = encode_override(from);
  const auto back = decode_override(from.id, bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->match, from.match);
  EXPECT_EQ(back->scale, from.scale);
  EXPECT_EQ(back->message_rate, from.message_rate);
  EXPECT_EQ(back->connections, from.connections);
  EXPECT_EQ(back->pause, from.pause);
  EXPECT_EQ(back->until, from.until);
  EXPECT_EQ(back->cause, from.cause);
  EXPECT_EQ(back->by, from.by);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_override(from.id, bytes.substr(0, length))) << length;
  EXPECT_FALSE(decode_override(from.id, bytes + "x"));
  EXPECT_FALSE(decode_override(from.id, "\xff" + bytes.substr(1)));
}

TEST(ThrottleRows, StatesReadBackAsWritten) {
  const throttle::LimitState bucket = from_ms(1'780'000'000'000);
  const throttle::LimitState quota = throttle::Quota::Count{20'601, 300};
  EXPECT_EQ(encode_limit(bucket), std::string("\x01\x80\x80\xcd\xdd\xe8\xdc\x94\x03"));
  EXPECT_EQ(encode_limit(quota), std::string("\x02\xf9\xa0\x01\xac\x02"));
  for (const auto& state : {bucket, quota}) EXPECT_EQ(decode_limit(encode_limit(state)), state);
  for (const auto* bad : {"", "\x01", "\x02\x05", "\x03\x05", "\x01\x05\x05"})
    EXPECT_FALSE(decode_limit(bad));
}

std::unique_ptr<throttle::PolicySet> policies() {
  throttle::PolicyOptions policy;
  policy.match[Dimension::provider] = "yahoo";
  policy.daily_quota = 5;
  return throttle::PolicySet::create({policy}).value();
}

throttle::Subject yahoo() {
  throttle::Subject out;
  out[Dimension::provider] = "yahoo";
  return out;
}

TEST(ThrottleRows, CountsAndOverridesComeBackAfterAnOpen) {
  QueueFixture fixture;
  FakeWorker worker(*fixture.queue, fixture.clock, [](const Record&, Settlement&) {});
  fixture.queue->start({&worker});
  worker.start();
  auto before = policies();
  ThrottleRows rows(*fixture.queue, *before, fixture.clock);
  const auto now = fixture.clock.now();
  ASSERT_TRUE(throttle::acquire(before->resolve(yahoo(), now)->message, 3, now));
  rows.flush();
  auto pause = every_field();
  pause.until = now + std::chrono::hours(1);
  rows.put(pause);
  auto gone = pause;
  gone.id = "gone";
  rows.put(gone);
  rows.erase("gone");

  worker.stop();
  fixture.reopen();
  auto after = policies();
  ThrottleRows again(*fixture.queue, *after, fixture.clock);
  ASSERT_TRUE(again.load());
  const auto later = fixture.clock.now();
  ASSERT_EQ(after->overrides(later).size(), 1U);
  EXPECT_EQ(after->overrides(later)[0].id, pause.id);
  ASSERT_TRUE(after->clear_override(pause.id, later));
  EXPECT_EQ(throttle::acquire_up_to(after->resolve(yahoo(), later)->message, 9, later)->count(), 2U);
}

TEST(ThrottleRows, DamagedRowsAreLeftOutAndStayAsTheyAre) {
  QueueFixture fixture;
  auto batch = fixture.queue->database().make_batch();
  batch.put(kMeta, "throttle.limit.x", "\x07");
  batch.put(kMeta, "throttle.override.y", "");
  ASSERT_TRUE(fixture.queue->database().write_synced(batch));
  FakeWorker worker(*fixture.queue, fixture.clock, [](const Record&, Settlement&) {});
  fixture.queue->start({&worker});
  worker.start();
  auto set = policies();
  ThrottleRows rows(*fixture.queue, *set, fixture.clock);
  ASSERT_TRUE(rows.load());
  EXPECT_TRUE(set->overrides(fixture.clock.now()).empty());
  worker.stop();
  fixture.reopen();
  EXPECT_EQ(fixture.queue->database().get(kMeta, "throttle.limit.x").value(), "\x07");
  EXPECT_TRUE(fixture.queue->database().get(kMeta, "throttle.override.y").value());
}

}  // namespace
}  // namespace sluice::queue
