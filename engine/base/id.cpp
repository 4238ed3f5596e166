#include "engine/base/id.hpp"

namespace sluice {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kDigits = 26;  // 26 * 5 = 130 bits: the first digit holds 3

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

MessageId MessageId::make(Instant accepted, std::uint16_t node, StreamId stream, Row row) {
  const auto ms = static_cast<std::uint64_t>(to_ms(accepted)) & ((std::uint64_t{1} << 44) - 1);
  MessageId id;
  id.high = (ms << 20) | (static_cast<std::uint64_t>(node & 0xfff) << 8) | (stream >> 24);
  id.low = (static_cast<std::uint64_t>(stream & 0xffffff) << 40) | (row & kMaxRow);
  return id;
}

std::string MessageId::text() const {
  auto value = (static_cast<unsigned __int128>(high) << 64) | low;
  std::string out(kDigits, '0');
  for (int i = kDigits - 1; i >= 0; --i) {
    out[static_cast<std::size_t>(i)] = kAlphabet[static_cast<std::size_t>(value & 31)];
    value >>= 5;
  }
  return out;
}

std::optional<MessageId> MessageId::parse(std::string_view text) {
  if (text.size() != kDigits || digit_of(text[0]) > 7) return std::nullopt;
  unsigned __int128 value = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    value = (value << 5) | static_cast<unsigned>(digit);
  }
  return MessageId{static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)};
}

}  // namespace sluice
