// What a grant costs: the bucket alone, a path's and a lane's limits together, a denial, a lookup.
#include <benchmark/benchmark.h>

#include <vector>

#include "throttle/permits.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::throttle {
namespace {

constexpr Instant kStart = from_ms(1'780'000'000'000);
const Rate kFast{1'000'000'000, Micros(1'000'000), 1'000'000};

/// `now` moves on by a microsecond a call, as a loop turn would take it once.
void take_one(benchmark::State& state, Bucket& bucket) {
  auto now = kStart;
  std::int64_t granted = 0;
  for (auto _ : state) {
    now += Micros(1);
    granted += static_cast<bool>(bucket.try_take(now, 1));
  }
  state.counters["granted"] = static_cast<double>(granted) / static_cast<double>(state.iterations());
}

void BM_ThrottleBucketGrant(benchmark::State& state) {
  Bucket bucket(kFast);
  take_one(state, bucket);
}
BENCHMARK(BM_ThrottleBucketGrant);

void BM_ThrottleBucketGrantShared(benchmark::State& state) {
  static Bucket bucket(kFast);
  take_one(state, bucket);
}
BENCHMARK(BM_ThrottleBucketGrantShared)->Threads(2);

/// A different one of 100,000 live limits each time, in no order: as many cache misses as it takes.
void BM_ThrottleGrantOf100000(benchmark::State& state) {
  constexpr std::size_t kLimits = 100'000;
  std::vector<std::shared_ptr<Limit>> limits;
  for (std::size_t i = 0; i < kLimits; ++i) limits.push_back(std::make_shared<Limit>("bucket", "", kFast));
  auto now = kStart;
  std::int64_t granted = 0;
  std::size_t at = 0;
  for (auto _ : state) {
    now += Micros(1);
    Bucket::Receipt receipt;
    granted += limits[at]->try_take(now, 1, receipt);
    at = (at + 61'803) % kLimits;
  }
  state.counters["granted"] = static_cast<double>(granted) / static_cast<double>(state.iterations());
  state.counters["limit_bytes"] = sizeof(Limit);
  state.counters["bucket_bytes"] = sizeof(Bucket);
}
BENCHMARK(BM_ThrottleGrantOf100000);

/// A quota counts, and reports the change once.
void BM_ThrottleQuotaGrant(benchmark::State& state) {
  Quota quota({kMaxRateCount, std::chrono::hours(24)});
  for (auto _ : state) benchmark::DoNotOptimize(quota.try_take(kStart, 1));
}
BENCHMARK(BM_ThrottleQuotaGrant);

void BM_ThrottleBucketDenial(benchmark::State& state) {
  Bucket bucket(Rate{1, std::chrono::hours(24), 1});
  benchmark::DoNotOptimize(bucket.try_take(kStart, 1));
  take_one(state, bucket);
}
BENCHMARK(BM_ThrottleBucketDenial);

/// state.range(0) buckets and one concurrency limit, all or nothing, given back at once.
void BM_ThrottleAcquire(benchmark::State& state) {
  Limit slots("slots", "", 1000);
  std::vector<std::unique_ptr<Limit>> owned;
  std::vector<Limit*> limits{&slots};
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    owned.push_back(std::make_unique<Limit>("bucket", "", kFast));
    limits.push_back(owned.back().get());
  }
  auto now = kStart;
  std::int64_t granted = 0;
  for (auto _ : state) {
    now += Micros(1);
    auto permits = acquire(limits, 1, now);
    granted += permits.has_value();
    benchmark::DoNotOptimize(permits);
  }
  if (granted != state.iterations()) state.SkipWithError("denied: this is to measure grants");
}
BENCHMARK(BM_ThrottleAcquire)->Arg(0)->Arg(1)->Arg(4);

void BM_ThrottleAcquireRunOf64(benchmark::State& state) {
  Limit site("site", "", kFast);
  Limit domain("domain", "", kFast);
  Limit* const limits[] = {&site, &domain};
  auto now = kStart;
  std::uint64_t granted = 0;
  for (auto _ : state) {
    now += Micros(100);
    auto permits = acquire_up_to(limits, 64, now);
    granted += permits ? permits->count() : 0;
    benchmark::DoNotOptimize(permits);
  }
  if (granted != 64 * static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("not whole runs");
}
BENCHMARK(BM_ThrottleAcquireRunOf64);

struct Silent final : Waiter {
  ~Silent() override { pass_on(kStart); }
  void wake() override {}
};

/// Denied, parked, woken by a release.
void BM_ThrottleParkAndWake(benchmark::State& state) {
  Limit slots("slots", "", 1);
  Silent waiter;
  Bucket::Receipt receipt;
  for (auto _ : state) {
    benchmark::DoNotOptimize(slots.try_take(kStart, 1, receipt));
    benchmark::DoNotOptimize(slots.park(waiter, kStart, 1));
    slots.release(kStart, 1);
  }
}
BENCHMARK(BM_ThrottleParkAndWake);

/// What a lane pays once: the memoised answer for a tuple, among 10,000.
void BM_ThrottleResolve(benchmark::State& state) {
  auto set = std::move(*PolicySet::create(default_policies()));
  std::vector<std::string> domains;
  for (int i = 0; i < 10'000; ++i) domains.push_back("domain" + std::to_string(i) + ".test");
  std::size_t turn = 0;
  for (auto _ : state) {
    Subject subject;
    subject[Dimension::source] = "a";
    subject[Dimension::site] = domains[turn % 100];
    subject[Dimension::domain] = domains[turn % domains.size()];
    benchmark::DoNotOptimize(set->resolve(subject, kStart));
    turn += 7919;
  }
}
BENCHMARK(BM_ThrottleResolve);

}  // namespace
}  // namespace sluice::throttle
