#include "queue/site_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <list>
#include <map>

namespace sluice::queue {
namespace {

/// Lanes made by hand, and a gate that does what it is told.
class Site {
 public:
  StreamPtr stream(StreamClass stream_class = StreamClass::commercial, const std::string& tenant = "t",
                   std::uint8_t priority = 5) {
    StreamSettings settings;
    settings.stream_class = stream_class;
    settings.tenant = tenant;
    settings.priority = priority;
    return std::make_shared<Stream>(++last_stream_, settings, StreamState::running);
  }

  WorkerLane& lane(const StreamPtr& stream, const std::string& domain, unsigned records,
                   Phase phase = Phase::first) {
    auto& lane = lanes_.emplace_back();
    lane.stream = stream;
    lane.phase = phase;
    lane.domain = domain;
    fill(lane, records);
    return lane;
  }

  void fill(WorkerLane& lane, unsigned records) {
    auto page = std::make_shared<Page>();
    for (Row row = 0; row < records; ++row) {
      std::string value;
      RecordValue{"u", 1, {}, ""}.append_to(value);
      const DueSecond due = lane.phase == Phase::retry ? 1 : 0;
      const RecordKey key{lane.stream->id, lane.phase, due, lane.domain, next_row_++};
      ASSERT_TRUE(page->add(key.encode(), value));
    }
    lane.add(Run{lane.stream, lane.phase, {}, page, 0, records});
  }

 private:
  StreamId last_stream_ = 0;
  Row next_row_ = 0;
  std::list<WorkerLane> lanes_;  // a list: lanes stay where they are
};

struct Gate final : LaneGate {
  std::function<Answer(WorkerLane&)> answer = [](WorkerLane&) { return Answer::take; };
  std::vector<const WorkerLane*> asked;
  Answer ask(WorkerLane& lane) override {
    asked.push_back(&lane);
    return answer(lane);
  }
};

std::vector<Held> take(SiteQueue& queue, std::size_t limit) {
  Gate gate;
  std::vector<Held> out;
  queue.take(limit, gate, out);
  return out;
}

std::size_t count(const std::vector<Held>& served, const StreamPtr& stream) {
  return static_cast<std::size_t>(
      std::count_if(served.begin(), served.end(), [&](const Held& held) { return held.stream == stream; }));
}

/// The largest difference between two streams' served counts over every prefix.
std::size_t largest_lead(const std::vector<Held>& served, const StreamPtr& a, const StreamPtr& b) {
  std::int64_t lead = 0;
  std::int64_t largest = 0;
  for (const auto& held : served) {
    lead += held.stream == a ? 1 : held.stream == b ? -1 : 0;
    largest = std::max(largest, std::abs(lead));
  }
  return static_cast<std::size_t>(largest);
}

TEST(SiteQueue, EqualStreamsDifferByAtMostTwoQuanta) {
  Site site;
  SiteQueue queue;
  const auto a = site.stream();
  const auto b = site.stream();
  queue.add(site.lane(a, "one.test", 1000));
  for (int i = 0; i < 200; ++i) queue.add(site.lane(b, "b" + std::to_string(i) + ".test", 5));
  const auto served = take(queue, 1000);
  ASSERT_EQ(served.size(), 1000U);
  EXPECT_LE(largest_lead(served, a, b), 2 * kQuantum);
}

TEST(SiteQueue, EqualStreamsShareAlsoWhenServedOneByOne) {
  Site site;
  SiteQueue queue;
  const auto a = site.stream();
  const auto b = site.stream();
  queue.add(site.lane(a, "a.test", 400));
  queue.add(site.lane(b, "b.test", 400));
  std::vector<Held> served;
  Gate gate;
  for (int i = 0; i < 400; ++i) queue.take(1, gate, served);
  EXPECT_LE(largest_lead(served, a, b), 2 * kQuantum);
}

TEST(SiteQueue, TenantsShareWhateverTheirNumberOfStreams) {
  Site site;
  SiteQueue queue;
  const auto lonely = site.stream(StreamClass::commercial, "lonely");
  queue.add(site.lane(lonely, "a.test", 1000));
  for (int i = 0; i < 9; ++i) {
    queue.add(site.lane(site.stream(StreamClass::commercial, "busy"), "b.test", 1000));
  }
  const auto served = take(queue, 800);
  EXPECT_NEAR(static_cast<double>(count(served, lonely)), 400.0, 2 * kQuantum);
}

TEST(SiteQueue, TenantsShareByTheirWeights) {
  Site site;
  SiteQueue queue;
  StreamTable streams;
  const auto large = site.stream(StreamClass::commercial, "large");
  const auto small = site.stream(StreamClass::commercial, "small");
  streams.add(large);
  streams.set_tenant_weights({{"large", 3}});
  streams.add(small);
  queue.add(site.lane(large, "a.test", 2000));
  queue.add(site.lane(small, "b.test", 2000));
  auto served = take(queue, 800);
  EXPECT_NEAR(static_cast<double>(count(served, large)), 600.0, 3 * kQuantum);
  streams.set_tenant_weights({{"small", 3}});  // a reload that no longer lists the other
  served = take(queue, 800);
  EXPECT_NEAR(static_cast<double>(count(served, small)), 600.0, 6 * kQuantum);
}

TEST(SiteQueue, ANewPriorityHoldsForWhatWaits) {
  Site site;
  SiteQueue queue;
  const auto one = site.stream(StreamClass::commercial, "t", 5);
  const auto other = site.stream(StreamClass::commercial, "t", 5);
  queue.add(site.lane(one, "a.test", 2000));
  queue.add(site.lane(other, "b.test", 2000));
  EXPECT_EQ(take(queue, 80).size(), 80U);
  one->set_priority(9);
  const auto served = take(queue, 500);
  EXPECT_NEAR(static_cast<double>(count(served, other)), 400.0, 2 * kQuantum);
}

TEST(SiteQueue, ATenantPaysForStreamsOfOneRecord) {
  Site site;
  SiteQueue queue;
  const auto long_stream = site.stream(StreamClass::commercial, "b");
  for (int i = 0; i < 50; ++i) {
    queue.add(site.lane(site.stream(StreamClass::commercial, "a"), "a" + std::to_string(i) + ".test", 1));
  }
  queue.add(site.lane(long_stream, "b.test", 100));
  const auto served = take(queue, 60);
  EXPECT_GE(count(served, long_stream), 30 - 2 * kQuantum);
  EXPECT_LE(count(served, long_stream), 30 + 2 * kQuantum);
}

TEST(SiteQueue, PriorityIsTheStreamsShare) {
  Site site;
  SiteQueue queue;
  const auto first = site.stream(StreamClass::commercial, "t", 1);   // quantum 7
  const auto middle = site.stream(StreamClass::commercial, "t", 5);  // quantum 4
  const auto last = site.stream(StreamClass::commercial, "t", 9);    // quantum 1
  queue.add(site.lane(last, "l.test", 2000));
  queue.add(site.lane(middle, "m.test", 2000));
  queue.add(site.lane(first, "f.test", 2000));
  const auto served = take(queue, 1200);
  EXPECT_NEAR(static_cast<double>(count(served, first)), 700.0, 8.0);
  EXPECT_NEAR(static_cast<double>(count(served, middle)), 400.0, 8.0);
  EXPECT_NEAR(static_cast<double>(count(served, last)), 100.0, 8.0) << "the last still moves";
}

TEST(SiteQueue, TransactionalFirstButEveryTenthIsCommercial) {
  Site site;
  SiteQueue queue;
  const auto flood = site.stream(StreamClass::transactional);
  const auto campaign = site.stream(StreamClass::commercial);
  queue.add(site.lane(campaign, "c.test", 1000));
  queue.add(site.lane(flood, "t.test", 1000));
  const auto served = take(queue, 1000);
  EXPECT_EQ(served.front().stream, flood);
  for (std::size_t from = 0; from + kCommercialShare <= served.size(); from += kCommercialShare) {
    const std::vector<Held> ten(served.begin() + static_cast<std::ptrdiff_t>(from),
                                served.begin() + static_cast<std::ptrdiff_t>(from + kCommercialShare));
    EXPECT_EQ(count(ten, campaign), 1U) << "grants " << from << " to " << from + kCommercialShare;
  }
}

TEST(SiteQueue, TransactionalOvertakesARunningCampaign) {
  Site site;
  SiteQueue queue;
  const auto campaign = site.stream(StreamClass::commercial);
  queue.add(site.lane(campaign, "c.test", 1000));
  (void)take(queue, 100);
  const auto urgent = site.stream(StreamClass::transactional);
  queue.add(site.lane(urgent, "t.test", 1));
  EXPECT_EQ(take(queue, 1).front().stream, urgent);
}

TEST(SiteQueue, AllIsServedWhenOneClassIsAlone) {
  Site site;
  SiteQueue queue;
  queue.add(site.lane(site.stream(StreamClass::transactional), "t.test", 300));
  EXPECT_EQ(take(queue, 1000).size(), 300U);
  EXPECT_TRUE(queue.empty());
}

TEST(SiteQueue, ALaneIsServedInABurst) {
  Site site;
  SiteQueue queue;
  const auto stream = site.stream();
  queue.add(site.lane(stream, "a.test", 100));
  queue.add(site.lane(stream, "b.test", 100));
  const auto served = take(queue, 64);
  for (std::size_t i = 0; i < served.size(); ++i) {
    EXPECT_EQ(served[i].record().key.domain, i / kLaneBurst % 2 == 0 ? "a.test" : "b.test") << i;
  }
}

TEST(SiteQueue, FirstAttemptsAndRetriesAlternate) {
  Site site;
  SiteQueue queue;
  const auto stream = site.stream();
  queue.add(site.lane(stream, "a.test", 100, Phase::first));
  queue.add(site.lane(stream, "a.test", 100, Phase::retry));
  const auto served = take(queue, 100);
  const auto retries = std::count_if(
      served.begin(), served.end(), [](const Held& held) { return held.record().key.phase == Phase::retry; });
  EXPECT_EQ(retries, 50);
}

TEST(SiteQueue, AParkedLaneLeavesWithItsRecords) {
  Site site;
  SiteQueue queue;
  const auto stream = site.stream();
  auto& held_back = site.lane(stream, "held.test", 10);
  auto& open = site.lane(stream, "open.test", 10);
  queue.add(held_back);
  queue.add(open);
  Gate gate;
  gate.answer = [&](WorkerLane& lane) {
    return &lane == &held_back ? LaneGate::Answer::park : LaneGate::Answer::take;
  };
  std::vector<Held> served;
  queue.take(100, gate, served);
  EXPECT_EQ(served.size(), 10U);
  EXPECT_EQ(std::count(gate.asked.begin(), gate.asked.end(), &held_back), 1) << "asked once, then left alone";
  EXPECT_EQ(held_back.records, 10U);
  EXPECT_FALSE(held_back.queued);
  EXPECT_TRUE(queue.empty());
  queue.add(held_back);
  EXPECT_EQ(take(queue, 100).size(), 10U);
}

TEST(SiteQueue, SkipMeansTheGateTookTheRecord) {
  Site site;
  SiteQueue queue;
  auto& lane = site.lane(site.stream(), "a.test", 3);
  queue.add(lane);
  Gate gate;
  std::vector<Held> expired;
  gate.answer = [&](WorkerLane& asked) {
    expired.push_back(asked.take());
    return LaneGate::Answer::skip;
  };
  std::vector<Held> served;
  queue.take(100, gate, served);
  EXPECT_TRUE(served.empty());
  EXPECT_EQ(expired.size(), 3U);
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(lane.queued);
}

TEST(SiteQueue, StopEndsTheTurnAndMovesNothing) {
  Site site;
  SiteQueue queue;
  auto& lane = site.lane(site.stream(), "a.test", 10);
  queue.add(lane);
  Gate gate;
  gate.answer = [&](WorkerLane&) {
    return gate.asked.size() <= 4 ? LaneGate::Answer::take : LaneGate::Answer::stop;
  };
  std::vector<Held> served;
  queue.take(100, gate, served);
  EXPECT_EQ(served.size(), 4U);
  EXPECT_EQ(gate.asked.size(), 5U);
  EXPECT_EQ(lane.records, 6U);
  EXPECT_TRUE(lane.queued);
}

TEST(SiteQueue, RecordsOfALaneKeepTheirOrder) {
  Site site;
  SiteQueue queue;
  queue.add(site.lane(site.stream(), "a.test", 50));
  const auto served = take(queue, 50);
  for (std::size_t i = 0; i < served.size(); ++i) EXPECT_EQ(served[i].record().key.row, i);
}

TEST(SiteQueue, AddAndRemoveTwiceChangeNothing) {
  Site site;
  SiteQueue queue;
  auto& lane = site.lane(site.stream(), "a.test", 5);
  queue.add(lane);
  queue.add(lane);
  EXPECT_EQ(queue.lanes(), 1U);
  queue.remove(lane);
  queue.remove(lane);
  EXPECT_EQ(queue.lanes(), 0U);
  EXPECT_TRUE(take(queue, 10).empty());
}

TEST(SiteQueue, LanesComeAndGoWithoutUpsettingTheOthers) {
  Site site;
  SiteQueue queue;
  const auto a = site.stream(StreamClass::commercial, "one");
  const auto b = site.stream(StreamClass::commercial, "two");
  auto& lane_a = site.lane(a, "a.test", 1000);
  auto& lane_b = site.lane(b, "b.test", 1000);
  queue.add(lane_a);
  queue.add(lane_b);
  std::vector<Held> served;
  Gate gate;
  for (int round = 0; round < 100; ++round) {
    queue.take(5, gate, served);
    queue.remove(round % 2 == 0 ? lane_a : lane_b);
    queue.take(1, gate, served);
    queue.add(lane_a);
    queue.add(lane_b);
  }
  EXPECT_EQ(served.size(), 600U);
  EXPECT_EQ(queue.lanes(), 2U);
  std::vector<Row> rows;
  for (const auto& held : served) rows.push_back(held.record().key.row);
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(std::adjacent_find(rows.begin(), rows.end()), rows.end()) << "no record is served twice";
}

TEST(SiteQueue, TakesTransactionalMailAloneForTheSlotKeptForIt) {
  Site site;
  SiteQueue queue;
  const auto bulk = site.stream();
  const auto mail = site.stream(StreamClass::transactional);
  queue.add(site.lane(bulk, "a.test", 100));
  queue.add(site.lane(mail, "a.test", 30));
  Gate gate;
  std::vector<Held> out;
  queue.take_transactional(20, gate, out);
  EXPECT_EQ(count(out, mail), 20U);
  queue.take_transactional(20, gate, out);
  EXPECT_EQ(count(out, mail), 30U);
  EXPECT_EQ(out.size(), 30U) << "and nothing of the other class";
  EXPECT_FALSE(queue.has_transactional());
  EXPECT_EQ(take(queue, 1000).size(), 100U);
}

TEST(SiteQueue, MovedQueueStillServes) {
  Site site;
  SiteQueue queue;
  queue.add(site.lane(site.stream(), "a.test", 5));
  SiteQueue other = std::move(queue);
  EXPECT_EQ(take(other, 10).size(), 5U);
}

}  // namespace
}  // namespace sluice::queue
