// How a person writes a duration, a size, an address: parsed strictly, printed so that it parses back to the
// same value. Pure functions; errors say what would be right.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::config {

using Millis = std::chrono::milliseconds;

/// A number of bytes that people write with a unit.
struct ByteSize {
  std::uint64_t bytes = 0;
  friend auto operator<=>(const ByteSize&, const ByteSize&) = default;
};

[[nodiscard]] constexpr ByteSize kib(std::uint64_t n) { return {n << 10}; }
[[nodiscard]] constexpr ByteSize mib(std::uint64_t n) { return {n << 20}; }
[[nodiscard]] constexpr ByteSize gib(std::uint64_t n) { return {n << 30}; }

/// "250ms", "90s", "5m", "1h30m", "14d", "0s"; units ms s m h d, each at most once, largest first; below 100
/// years.
[[nodiscard]] Expected<Millis> parse_duration(std::string_view text);
/// One unit, the largest that divides exactly; days from three up ("48h", "14d").
[[nodiscard]] std::string to_text(Millis duration);

/// "512 B", "16 KiB", "50 GiB" (1024s) or "10 MB" (1000s); the space is optional, the unit is not; below
/// 2^62.
[[nodiscard]] Expected<ByteSize> parse_size(std::string_view text);
[[nodiscard]] std::string to_text(ByteSize size);

/// A numeric address with a port. `address` has no brackets.
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// "127.0.0.1:8025" or "[::1]:8025"; port 0 lets the system choose. With `default_port` the port may be
/// missing.
[[nodiscard]] Expected<Endpoint> parse_endpoint(std::string_view text, int default_port = -1);

/// 4 for an IPv4 address, 6 for an IPv6 one (no zone, no brackets), 0 for anything else.
[[nodiscard]] int address_family(std::string_view text);

/// "10.0.0.0/8", "2001:db8::/32" or a single address. Refuses networks that hold every IPv4 or IPv6 address,
/// so that nobody opens a relay by a slip.
[[nodiscard]] Expected<> check_network(std::string_view text);

/// A host name of letters, digits, '-', '_' and dots (RFC 1123 plus '_'), at least `min_labels` labels.
[[nodiscard]] bool is_host_name(std::string_view text, int min_labels = 1);

}  // namespace sluice::config
