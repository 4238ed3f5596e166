#include "engine/base/siphash.hpp"

#include <sys/random.h>

#include <bit>
#include <cstring>

#include "engine/base/assert.hpp"

namespace sluice {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  std::uint64_t finish() {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

}  // namespace

HashKey HashKey::random() {
  HashKey key;
  const auto got = ::getrandom(&key, sizeof key, 0);
  SLUICE_ASSERT(got == static_cast<ssize_t>(sizeof key));  // up to 256 bytes never come short
  return key;
}

Hash128 siphash128(const HashKey& key, std::string_view bytes) {
  State s{key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d ^ 0xee, key.k0 ^ 0x6c7967656e657261,
          key.k1 ^ 0x7465646279746573};
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    s.absorb(word);
  }
  std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56;
  if (left > 0) {
    std::uint64_t tail = 0;
    std::memcpy(&tail, at, left);
    last |= tail;
  }
  s.absorb(last);
  s.v2 ^= 0xee;
  Hash128 out;
  out.low = s.finish();
  s.v1 ^= 0xdd;
  out.high = s.finish();
  return out;
}

}  // namespace sluice
