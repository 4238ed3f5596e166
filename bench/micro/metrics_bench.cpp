// What counting costs the thread that counts, and a scrape of as many series as there can be.
#include <benchmark/benchmark.h>

#include "metrics/catalog.hpp"
#include "metrics/registry.hpp"

namespace {

using namespace sluice::metrics;

void BM_CountOne(benchmark::State& state) {
  Registry registry;
  auto& cell = registry.make_shard().cell(kDelivered, {"google", "none"});
  for (auto _ : state) {
    cell.add();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_CountOne);

void BM_ObserveOne(benchmark::State& state) {
  Registry registry;
  auto& cell = registry.make_shard().histogram(kStageSeconds, {"dot", "google"});
  for (auto _ : state) {
    cell.observe(0.3);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_ObserveOne);

/// Every family filled to its bound, by two threads' shards.
void BM_ScrapeAll(benchmark::State& state) {
  Registry registry;
  for (int thread = 0; thread < 2; ++thread) {
    auto& shard = registry.make_shard();
    for (const auto* family : catalog()) {
      const auto labels = family->label_count();
      for (std::size_t i = 0; i < family->max_children; ++i) {
        const auto a = "value-" + std::to_string(i % 65);
        const auto b = "value-" + std::to_string(i / 65);
        const auto make = [&](Values values) {
          if (family->type == Type::histogram) {
            shard.histogram(*family, values).observe(1);
          } else {
            shard.cell(*family, values).add(123456.789);
          }
        };
        if (labels == 0) make({});
        if (labels == 1) make({a});
        if (labels == 2) make({a, b});
        if (labels == 3) make({a, b, "open"});
      }
    }
  }
  std::size_t bytes = 0;
  for (auto _ : state) bytes = to_text(registry).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_ScrapeAll)->Unit(benchmark::kMillisecond);

}  // namespace
