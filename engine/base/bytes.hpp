// The byte forms everything on disk is made of: big-endian fixed integers (they sort), LEB128 varints,
// counted strings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

inline void put_u8(std::string& out, std::uint8_t v) { out.push_back(static_cast<char>(v)); }

/// Big-endian in `Bytes` bytes: byte order is number order.
template <int Bytes>
void put_be(std::string& out, std::uint64_t v) {
  for (int shift = (Bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v >> shift));
}

/// `at` must point at `Bytes` readable bytes.
template <int Bytes>
[[nodiscard]] std::uint64_t get_be(const char* at) {
  std::uint64_t v = 0;
  for (int i = 0; i < Bytes; ++i) v = (v << 8) | static_cast<unsigned char>(at[i]);
  return v;
}

inline void put_varint(std::string& out, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out.push_back(static_cast<char>(v | 0x80));
  out.push_back(static_cast<char>(v));
}

inline void put_string(std::string& out, std::string_view s) {
  put_varint(out, s.size());
  out.append(s);
}

/// Reads the forms above; after the first bad or missing byte ok() is false and every read gives 0 or "".
/// Views point into the buffer given.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(be<1>()); }

  template <int Bytes>
  std::uint64_t be() {
    const auto bytes = take(Bytes);
    return ok_ ? get_be<Bytes>(bytes.data()) : 0;
  }

  std::uint64_t varint() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = take(1);
      if (!ok_) return 0;
      const auto b = static_cast<unsigned char>(byte[0]);
      v |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) return v;
    }
    ok_ = false;
    return 0;
  }

  std::string_view string() { return take(varint()); }

  std::string_view take(std::uint64_t n) {
    if (!ok_ || n > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace sluice
