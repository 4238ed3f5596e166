// Which key order should the queue have? Three layouts on plain RocksDB, loaded and drained as the engine
// would:
//
//   lanes    stream(4) phase(1) domain \0 row(5)   a domain's mail lies together; a sweep reads in key order
//   sharded  hash(domain)(1), then as lanes         the same behind 64 shards
//   arrival  stream(4) row(5)                       mail lies as it came
//
// Every cell is a process of its own (fork), so CPU and peak memory are its own; CPU is user + system of all
// threads and includes flushes and compaction up to the end of the phase. queue/LAYOUT.md holds the results
// and what follows. It stands alone: it measures before there is a queue to measure.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "bench/load/layout_drain.hpp"

namespace sluice::layout {
namespace {

void run_cell(const Cell& cell) {
  std::filesystem::remove_all(cell.dir);
  {
    Store store(cell.dir);
    Meter meter(store.statistics.get());
    load(cell, store);
    const auto loaded = meter.lap();
    Drain drain(cell, store);
    drain.tail();
    const auto tail = meter.lap();
    const auto tail_records = drain.settler().settled();
    drain.rest();
    const auto rest = meter.lap();
    const auto n = static_cast<double>(cell.records);
    const auto drained = static_cast<double>(drain.settler().settled());
    const auto cpu = tail.cpu_us + rest.cpu_us;
    fmt::print(
        "| {}{} | {} | {} | {:.0f} | {:.2f} | {:.0f} | {:.2f} | {:.0f} + {:.0f} | {:.1f} / {:.1f} | {:.0f} |",
        kLayoutNames[static_cast<int>(cell.layout)], cell.held ? ", giants held" : "", cell.domains,
        cell.streams, n / loaded.wall / 1000, loaded.cpu_us / n, drained / (tail.wall + rest.wall) / 1000,
        cpu / drained, loaded.bytes / n, (tail.bytes + rest.bytes) / n,
        1000.0 * static_cast<double>(drain.settler().switches()) / drained,
        1000.0 * static_cast<double>(drain.groups()) / drained, peak_rss_mb());
    if (cell.held) {
      fmt::print(" tail: {} settled, {:.2f} µs each, {:.1f} s; rewritten {}; rest {:.2f} µs each |",
                 tail_records, tail.cpu_us / static_cast<double>(tail_records), tail.wall,
                 drain.settler().rewritten(), rest.cpu_us / (drained - static_cast<double>(tail_records)));
    }
    fmt::print("\n");
    if (drain.settler().settled() != cell.records) {
      fmt::print(stderr, "layout_bench: drained {} of {}\n", drain.settler().settled(), cell.records);
      std::_Exit(70);
    }
  }
  std::filesystem::remove_all(cell.dir);
}

bool run_apart(const Cell& cell) {
  std::fflush(stdout);
  const auto child = fork();
  if (child == 0) {
    run_cell(cell);
    std::fflush(stdout);
    std::_Exit(0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace
}  // namespace sluice::layout

int main(int argc, char** argv) {
  using namespace sluice::layout;
  Cell cell;
  cell.dir = argc > 1 ? argv[1] : "";
  if (argc > 2) cell.records = std::strtoull(argv[2], nullptr, 10);
  if (cell.dir.empty() || cell.records == 0) {
    fmt::print(stderr, "usage: layout_bench EMPTY_DIR [RECORDS, default 2000000]\n");
    return 64;
  }
  fmt::print("{} records a cell, {}\n\n", cell.records, has_lz4() ? "LZ4" : "no compression");
  fmt::print(
      "| layout | domains | streams | load k/s | µs CPU | drain k/s | µs CPU | bytes written: load + drain | "
      "domain switches per 1,000: as read / grouped by page | peak MB |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|---|\n");
  cell.dir += "/layout_bench";
  for (cell.domains = 1; cell.domains <= 300'000;
       cell.domains = cell.domains == 1 ? 10'000 : cell.domains * 30) {
    for (const std::uint32_t streams : {1U, 20U}) {
      for (const bool held : {false, true}) {
        if (held && cell.domains == 1) continue;
        for (const auto layout : {Layout::lanes, Layout::arrival, Layout::sharded}) {
          cell.streams = streams;
          cell.held = held;
          cell.layout = layout;
          if (!run_apart(cell)) return 70;
        }
      }
    }
  }
  return 0;
}
