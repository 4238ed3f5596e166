// CRC-32C over stored values, so that a damaged record is recognised before it is sent to anybody.
#pragma once

#include <nmmintrin.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::queue {

/// Castagnoli polynomial (RFC 3720 §12.1), by the SSE 4.2 instruction: about 10 ns for 150 bytes.
[[nodiscard]] __attribute__((target("sse4.2"))) inline std::uint32_t crc32c(std::string_view bytes) {
  std::uint64_t crc = 0xffffffffU;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    crc = _mm_crc32_u64(crc, word);
    bytes.remove_prefix(8);
  }
  for (const char c : bytes) crc = _mm_crc32_u8(static_cast<std::uint32_t>(crc), static_cast<unsigned char>(c));
  return static_cast<std::uint32_t>(crc) ^ 0xffffffffU;
}

}  // namespace sluice::queue
