// CRC-32C over stored values and bodies, so that damaged bytes are recognised before they are sent to
// anybody.
#pragma once

#include <nmmintrin.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::store {

/// Castagnoli polynomial (RFC 3720 §12.1), by the SSE 4.2 instruction: about 10 ns for 150 bytes.
class Crc32c {
 public:
  __attribute__((target("sse4.2"))) void add(std::string_view bytes) {
    while (bytes.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), 8);
      crc_ = _mm_crc32_u64(crc_, word);
      bytes.remove_prefix(8);
    }
    for (const char c : bytes)
      crc_ = _mm_crc32_u8(static_cast<std::uint32_t>(crc_), static_cast<unsigned char>(c));
  }
  [[nodiscard]] std::uint32_t value() const { return static_cast<std::uint32_t>(crc_) ^ 0xffffffffU; }

 private:
  std::uint64_t crc_ = 0xffffffffU;
};

[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes) {
  Crc32c crc;
  crc.add(bytes);
  return crc.value();
}

}  // namespace sluice::store
