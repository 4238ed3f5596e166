// The 128-bit id of one recipient's message: time, node, stream, row. Sorts by time; names its record in the
// queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"

namespace sluice {

/// A campaign, or a tenant's transactional flow: dense, assigned by the store, never reused.
using StreamId = std::uint32_t;
/// Position of a recipient in its stream; below 2^40.
using Row = std::uint64_t;

inline constexpr Row kMaxRow = (Row{1} << 40) - 1;

/// high = 44 bits of milliseconds since 1970 (good until the year 2527), 12 bits node, 8 high bits of the
/// stream; low = 24 low bits of the stream, 40 bits row.
struct MessageId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  [[nodiscard]] static MessageId make(Instant accepted, std::uint16_t node, StreamId stream, Row row);

  [[nodiscard]] Instant accepted() const { return from_ms(static_cast<std::int64_t>(high >> 20)); }
  [[nodiscard]] std::uint16_t node() const { return static_cast<std::uint16_t>((high >> 8) & 0xfff); }
  [[nodiscard]] StreamId stream() const { return static_cast<StreamId>(((high & 0xff) << 24) | (low >> 40)); }
  [[nodiscard]] Row row() const { return low & kMaxRow; }

  /// 26 characters of lower-case Crockford base 32; sorts as the number does.
  [[nodiscard]] std::string text() const;
  /// Accepts exactly what text() prints (either case); nothing for anything else.
  [[nodiscard]] static std::optional<MessageId> parse(std::string_view text);

  friend auto operator<=>(const MessageId&, const MessageId&) = default;
};

}  // namespace sluice
