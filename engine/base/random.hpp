// Randomness by interface: jitter, shuffles and boundaries are seeded in tests and simulation, real
// otherwise.
#pragma once

#include <cstdint>
#include <random>

namespace sluice {

/// Not for keys or secrets (OpenSSL's RAND_bytes is). One thread.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// Seeded from the operating system.
  [[nodiscard]] static Random from_system() {
    std::random_device device;
    return Random((static_cast<std::uint64_t>(device()) << 32) | device());
  }

  [[nodiscard]] std::uint64_t next() { return engine_(); }
  /// Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
  }
  /// Uniform in [0, 1).
  [[nodiscard]] double unit() { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sluice
