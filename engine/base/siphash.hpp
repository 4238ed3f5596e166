// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, and
// its reference's 128-bit variant). Keyed: whoever does not know the key cannot make two addresses collide.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace sluice {

struct HashKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
  /// From the operating system's generator.
  [[nodiscard]] static HashKey random();
};

struct Hash128 {
  std::uint64_t low = 0;  ///< the first eight bytes of the output, little-endian
  std::uint64_t high = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};

[[nodiscard]] Hash128 siphash128(const HashKey& key, std::string_view bytes);

}  // namespace sluice
