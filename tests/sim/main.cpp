// sluice_sim: runs seeds of the simulation; see README.md.
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>

#include "engine/base/log.hpp"
#include "tests/sim/simulation.hpp"

namespace {

using sluice::sim::RunOptions;
using sluice::sim::RunReport;

std::uint64_t running_seed = 0;

/// An assertion of the engine: the seed is what matters.
void on_abort(int) { fmt::print(stderr, "sluice_sim: seed {}: aborted\n", running_seed); }

constexpr const char* kUsage =
    "usage: sluice_sim [--seed N] [--seeds N] [--events N] [--seconds N] [--twice] [--lying-disk] "
    "[--verbose]\n"
    "  --seed N     the first seed (1); one seed always gives the same run and the same hash\n"
    "  --seeds N    that many seeds, one after the other (1)\n"
    "  --events N   steps under load of each run (100000)\n"
    "  --seconds N  fresh seeds for so long instead\n"
    "  --twice      each seed twice; the hashes must be equal\n"
    "  --lying-disk the disk forgets what it said it synced; has to fail\n"
    "  --verbose    every line of the trace\n"
    "example: sluice_sim --seed 4711 --verbose 2>trace\n";

struct Arguments {
  RunOptions run;
  std::uint64_t seeds = 1;
  std::uint64_t seconds = 0;
  bool twice = false;
};

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--verbose") {
      out.run.verbose = true;
      continue;
    }
    if (word == "--lying-disk") {
      out.run.lying_disk = true;
      continue;
    }
    if (word == "--twice") {
      out.twice = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const auto value = std::strtoull(argv[++i], nullptr, 10);
    if (word == "--seed") {
      out.run.seed = value;
    } else if (word == "--seeds") {
      out.seeds = value;
    } else if (word == "--events") {
      out.run.events = value;
    } else if (word == "--seconds") {
      out.seconds = value;
    } else {
      return false;
    }
  }
  return true;
}

RunReport run_one(const RunOptions& options) {
  running_seed = options.seed;
  sluice::sim::Simulation simulation(options);
  const auto report = simulation.run();
  fmt::print(
      "seed {} hash {:016x} steps {} recipients {} taken {} lanes {} doubts {} crashes {} stops {} full {} "
      "clock_steps {} compared {} seconds {}\n",
      options.seed, report.hash, report.steps, report.recipients, report.taken, report.lanes, report.doubts,
      report.crashes, report.stops, report.full, report.clock_steps, report.compared,
      report.time.count() / 1'000'000);
  std::fflush(stdout);
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fputs(kUsage, stderr);
    return 64;
  }
  std::signal(SIGABRT, on_abort);
  sluice::log::set_level(sluice::log::Level::error);
  auto run = arguments.run;
  if (arguments.seconds > 0) run.seed = std::random_device{}();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(arguments.seconds);
  for (std::uint64_t i = 0;
       arguments.seconds > 0 ? std::chrono::steady_clock::now() < until : i < arguments.seeds;
       ++i, ++run.seed) {
    const auto report = run_one(run);
    if (!arguments.twice) continue;
    if (const auto again = run_one(run); again.hash != report.hash) {
      fmt::print(stderr, "sluice_sim: seed {}: two runs differ\n", run.seed);
      return 1;
    }
  }
  return 0;
}
