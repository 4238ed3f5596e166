#include "tests/sim/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sluice::sim {

void Trace::mix(std::uint64_t value) {
  hash_ ^= value;
  hash_ *= 0x100000001b3ULL;
  hash_ ^= hash_ >> 29;
}

void Trace::note(Instant at, const char* what, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  mix(static_cast<std::uint64_t>(at.time_since_epoch().count()));
  for (const char* letter = what; *letter != '\0'; ++letter) mix(static_cast<unsigned char>(*letter));
  mix(a);
  mix(b);
  mix(c);
  auto& line = last_[count_++ % kKept];
  line = {at, what, a, b, c};
  if (verbose_) print(line);
}

void Trace::print(const Line& line) {
  fmt::print(stderr, "{} {} {} {} {}\n", to_rfc3339(line.at).substr(11, 12), line.what, line.a, line.b,
             line.c);
}

void Trace::print_last() const {
  const auto kept = std::min<std::uint64_t>(count_, kKept);
  for (auto at = count_ - kept; at < count_; ++at) print(last_[at % kKept]);
}

void Trace::fail(const std::string& claim) const {
  if (!verbose_) print_last();
  fmt::print(stderr, "sluice_sim: seed {}: {}\n", seed_, claim);
  std::fflush(stderr);
  std::_Exit(1);
}

}  // namespace sluice::sim
