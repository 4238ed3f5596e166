// A fixed 64-bit hash: the same recipient meets the same fate on every run and machine. Not for keys or
// secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::sink {

/// splitmix64's finaliser: every bit of the input changes half of the output.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// FNV-1a, finished with mix().
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed = 0) {
  std::uint64_t h = 0xcbf29ce484222325 ^ mix(seed);
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return mix(h);
}

/// Uniform in [0, 1).
[[nodiscard]] constexpr double to_unit(std::uint64_t hash) {
  return static_cast<double>(hash >> 11) * 0x1.0p-53;
}

}  // namespace sluice::sink
