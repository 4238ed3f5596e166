#include "engine/smtp/server_scanner.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/assert.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::smtp {
namespace {

constexpr std::size_t kBlock = 64;

/// Bit i is set where byte i of the block is the wanted one.
struct Masks {
  std::uint64_t cr = 0;
  std::uint64_t lf = 0;
};

#if defined(__SSE2__)
std::uint64_t mask_of(const char* at, char wanted) {
  const __m128i pattern = _mm_set1_epi8(wanted);
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < kBlock; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
    mask |= static_cast<std::uint64_t>(
                static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, pattern))))
            << i;
  }
  return mask;
}
#else
std::uint64_t mask_of(const char* at, char wanted) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < kBlock; ++i) mask |= static_cast<std::uint64_t>(at[i] == wanted) << i;
  return mask;
}
#endif

Masks masks_of(const char* at, std::size_t n) {
  if (n == kBlock) return {mask_of(at, '\r'), mask_of(at, '\n')};
  char padded[kBlock] = {};
  std::memcpy(padded, at, n);
  return {mask_of(padded, '\r'), mask_of(padded, '\n')};
}

/// Where the first line that starts with a dot is in the block; kBlock when none does. Line starts are few.
std::size_t first_dot(const char* at, std::size_t n, std::uint64_t starts) {
  for (; starts != 0; starts &= starts - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(starts));
    if (i < n && at[i] == '.') return i;
  }
  return kBlock;
}

}  // namespace

TextScanner::TextScanner(Framing framing, std::size_t max_line_bytes)
    : max_line_(max_line_bytes), dots_(framing == Framing::dots) {}

std::size_t TextScanner::scan(std::string_view bytes) {
  SLUICE_ASSERT(!ended_);
  std::size_t at = 0;
  while (at < bytes.size() && !ended_) {
    const auto rest = bytes.substr(at);
    if (dots_ && line_start_ != 0 && rest.front() == '.') {
      const auto taken = take_dot(rest);
      if (taken == 0) break;
      at += taken;
      continue;
    }
    const auto before = scanned_;
    take_block(rest.data(), std::min(rest.size(), kBlock));
    at += scanned_ - before;
  }
  return at;
}

/// `n` bytes, or those before the first dot at a line start.
void TextScanner::take_block(const char* at, std::size_t n) {
  const auto [cr, lf] = masks_of(at, n);
  const auto after_cr = (cr << 1) | after_cr_;
  const auto line_ends = after_cr & lf;
  if (dots_) n = std::min(n, first_dot(at, n, line_ends << 1));
  const auto valid = n == kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
  bare_ = bare_ || ((after_cr ^ lf) & valid) != 0;
  after_cr_ = (cr >> (n - 1)) & 1;
  line_start_ = (line_ends >> (n - 1)) & 1;
  scanned_ += n;

  const auto ends = line_ends & valid;
  if (ends == 0) {
    line_ += n;
  } else {
    // Lines that begin and end inside one block are shorter than any limit.
    long_line_ = long_line_ || line_ + static_cast<std::size_t>(std::countr_zero(ends)) + 1 > max_line_;
    line_ = n - static_cast<std::size_t>(std::bit_width(ends));
  }
  long_line_ = long_line_ || line_ > max_line_;
}

/// A dot at the start of a line: the end, a stuffed dot, or (0) not decided by the bytes at hand.
std::size_t TextScanner::take_dot(std::string_view from_dot) {
  constexpr std::string_view kEnd = ".\r\n";
  if (from_dot.starts_with(kEnd)) {
    ended_ = true;
    return kEnd.size();
  }
  if (from_dot.size() < kEnd.size() && kEnd.starts_with(from_dot)) return 0;
  if (stuffed_++ == 0) first_stuffed_ = scanned_;
  ++scanned_;
  ++line_;
  line_start_ = 0;
  return 1;
}

std::size_t remove_stuffed_dots(char* text, std::size_t size, std::size_t first) {
  SLUICE_ASSERT(first < size && text[first] == '.');
  char* out = text + first;
  const char* from = text + first + 1;
  const char* const end = text + size;
  for (;;) {
    const auto left = static_cast<std::size_t>(end - from);
    const auto* next = static_cast<const char*>(memmem(from, left, "\r\n.", 3));
    const auto keep = next == nullptr ? left : static_cast<std::size_t>(next - from) + 2;
    std::memmove(out, from, keep);
    out += keep;
    if (next == nullptr) return static_cast<std::size_t>(out - text);
    from = next + 3;
  }
}

}  // namespace sluice::smtp
