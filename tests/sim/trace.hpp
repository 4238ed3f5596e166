// What happened in a run: a hash over all of it, the last lines for a failure, every line with --verbose. Two
// runs of one seed have the same hash, or the simulation is no simulation.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"

namespace sluice::sim {

class Trace {
 public:
  Trace(std::uint64_t seed, bool verbose) : seed_(seed), verbose_(verbose) {}

  /// `what` is a literal. The numbers are what tells one such thing from another: stream, row, ...
  void note(Instant at, const char* what, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0);
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t lines() const { return count_; }
  void print_last() const;
  /// Prints the seed, the claim that does not hold and the last lines, and ends the program with 1.
  [[noreturn]] void fail(const std::string& claim) const;

 private:
  struct Line {
    Instant at;
    const char* what;
    std::uint64_t a, b, c;
  };
  static constexpr std::size_t kKept = 60;

  static void print(const Line& line);
  void mix(std::uint64_t value);

  const std::uint64_t seed_;
  const bool verbose_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t count_ = 0;
  std::array<Line, kKept> last_{};
};

}  // namespace sluice::sim
