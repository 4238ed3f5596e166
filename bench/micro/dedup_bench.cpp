// Exact duplicates in 10 M rows, 5 % of them duplicates: in memory, and partitioned with the default 64 MiB.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "engine/base/assert.hpp"
#include "engine/campaign/dedup.hpp"

namespace sluice::campaign {
namespace {

constexpr std::uint64_t kRows = 10'000'000;

std::string_view address_of(std::uint64_t row, std::string& buffer) {
  const std::uint64_t user = row % 20 == 19 ? row / 2 : row;
  buffer.clear();
  fmt::format_to(std::back_inserter(buffer), "user{}@d{}.test", user, user % 5000);
  return buffer;
}

Expected<> read_list(const Dedup::Visit& visit) {
  std::string buffer;
  for (std::uint64_t row = 1; row <= kRows; ++row) {
    if (!visit(row, address_of(row, buffer))) break;
  }
  return {};
}

void BM_Dedup(benchmark::State& state) {
  std::uint64_t duplicates = 0;
  bool partitioned = false;
  for (auto _ : state) {
    Dedup dedup({.memory_bytes = static_cast<std::size_t>(state.range(0)) << 20,
                 .directory = std::filesystem::temp_directory_path().string()},
                read_list);
    std::string buffer;
    for (std::uint64_t row = 1; row <= kRows; ++row) {
      const auto answer = dedup.is_duplicate(row, address_of(row, buffer));
      SLUICE_ASSERT(answer.has_value());
    }
    duplicates = dedup.duplicates();
    partitioned = dedup.partitioned();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
  state.counters["duplicates"] = static_cast<double>(duplicates);
  state.counters["partitioned"] = partitioned ? 1 : 0;
}

void BM_SipHash(benchmark::State& state) {
  const std::string address = "firstname.lastname@example.test";
  for (auto _ : state) benchmark::DoNotOptimize(siphash128({1, 2}, address));
}

BENCHMARK(BM_SipHash);
BENCHMARK(BM_Dedup)->ArgName("MiB")->Arg(64)->Arg(256)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace sluice::campaign
