#include "config/value.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace sluice::config {
namespace {

constexpr std::int64_t kMaxMillis = std::int64_t{100} * 365 * 86'400'000;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 62;

struct TimeUnit {
  std::string_view suffix;
  std::int64_t ms;
};
constexpr std::array kTimeUnits{TimeUnit{"d", 86'400'000}, TimeUnit{"h", 3'600'000}, TimeUnit{"m", 60'000},
                                TimeUnit{"s", 1000}, TimeUnit{"ms", 1}};

struct SizeUnit {
  std::string_view suffix;
  std::uint64_t bytes;
};
constexpr std::uint64_t kOne = 1;
constexpr std::array kSizeUnits{SizeUnit{"TiB", kOne << 40},
                                SizeUnit{"GiB", kOne << 30},
                                SizeUnit{"MiB", kOne << 20},
                                SizeUnit{"KiB", kOne << 10},
                                SizeUnit{"TB", 1'000'000'000'000},
                                SizeUnit{"GB", 1'000'000'000},
                                SizeUnit{"MB", 1'000'000},
                                SizeUnit{"KB", 1000},
                                SizeUnit{"B", 1}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Takes the digits in front; nothing when there are none or they pass 2^62.
std::optional<std::uint64_t> take_number(std::string_view& rest) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{} || value > kMaxBytes) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return value;
}

std::string_view take_letters(std::string_view& rest) {
  const auto end = std::ranges::find_if_not(rest, is_letter);
  const auto word = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(word.size());
  return word;
}

/// The first `bits` bits of both are the same.
bool same_prefix(const std::uint8_t* a, const std::uint8_t* b, int bits) {
  for (int i = 0; i < bits; ++i) {
    const int mask = 0x80 >> (i % 8);
    if ((a[i / 8] & mask) != (b[i / 8] & mask)) return false;
  }
  return true;
}

}  // namespace

Expected<Millis> parse_duration(std::string_view text) {
  const auto wrong = [&] {
    return fail(
        ErrorCode::invalid_input,
        fmt::format("`{}` is not a duration; write it as \"250ms\", \"30s\", \"5m\", \"48h\" or \"14d\"",
                    text));
  };
  std::string_view rest = text;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  if (rest.empty()) return wrong();
  while (!rest.empty()) {
    const auto number = take_number(rest);
    const auto word = take_letters(rest);
    if (!number) return wrong();
    while (next_unit < kTimeUnits.size() && kTimeUnits[next_unit].suffix != word) ++next_unit;
    if (next_unit == kTimeUnits.size()) return wrong();
    const auto unit = kTimeUnits[next_unit++].ms;
    if (*number > static_cast<std::uint64_t>((kMaxMillis - total) / unit)) return wrong();
    total += static_cast<std::int64_t>(*number) * unit;
  }
  return Millis{total};
}

std::string to_text(Millis duration) {
  const auto ms = duration.count();
  if (ms == 0) return "0s";
  for (const auto& unit : kTimeUnits) {
    if (unit.suffix == "d" && ms < 3 * unit.ms) continue;
    if (ms % unit.ms == 0) return fmt::format("{}{}", ms / unit.ms, unit.suffix);
  }
  return fmt::format("{}ms", ms);
}

Expected<ByteSize> parse_size(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto unit = std::ranges::find(kSizeUnits, rest, &SizeUnit::suffix);
  if (!number || unit == kSizeUnits.end() || *number > kMaxBytes / unit->bytes) {
    return fail(
        ErrorCode::invalid_input,
        fmt::format("`{}` is not a size; write it as \"512 B\", \"16 KiB\", \"64 MiB\" or \"50 GiB\"", text));
  }
  return ByteSize{*number * unit->bytes};
}

std::string to_text(ByteSize size) {
  if (size.bytes == 0) return "0 B";
  for (const auto& unit : kSizeUnits) {
    if (size.bytes % unit.bytes == 0 && (unit.bytes % 1000 != 0)) {
      return fmt::format("{} {}", size.bytes / unit.bytes, unit.suffix);
    }
  }
  return fmt::format("{} B", size.bytes);
}

Expected<Endpoint> parse_endpoint(std::string_view text, int default_port) {
  const auto wrong = [&] {
    return fail(ErrorCode::invalid_input, fmt::format("`{}` is not an address; write it as \"{}\" or \"{}\"",
                                                      text, default_port < 0 ? "127.0.0.1:8025" : "127.0.0.1",
                                                      default_port < 0 ? "[::1]:8025" : "[::1]:5353"));
  };
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return wrong();
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (address_family(host) != 6) return wrong();
  } else if (address_family(text) != 6) {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
    if (address_family(host) != 4) return wrong();
  }
  if (port.empty()) {
    if (default_port < 0) return wrong();
    return Endpoint{std::string(host), static_cast<std::uint16_t>(default_port)};
  }
  port.remove_prefix(1);
  const auto number = port.empty() || !is_digit(port[0]) ? std::nullopt : take_number(port);
  if (!number || !port.empty() || *number > 65535) return wrong();
  return Endpoint{std::string(host), static_cast<std::uint16_t>(*number)};
}

int address_family(std::string_view text) {
  const std::string zero_ended(text);
  std::array<std::uint8_t, 16> bytes{};
  if (zero_ended.size() != std::string_view(zero_ended.c_str()).size()) return 0;
  if (inet_pton(AF_INET, zero_ended.c_str(), bytes.data()) == 1) return 4;
  if (inet_pton(AF_INET6, zero_ended.c_str(), bytes.data()) == 1) return 6;
  return 0;
}

Expected<> check_network(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  const int family = address_family(address);
  const int width = family == 4 ? 32 : 128;
  int bits = width;
  if (slash != std::string_view::npos) {
    auto digits = text.substr(slash + 1);
    const auto number = take_number(digits);
    bits = number && digits.empty() && *number <= 128 ? static_cast<int>(*number) : 129;
  }
  if (family == 0 || bits > width) {
    return fail(ErrorCode::invalid_input,
                fmt::format("`{}` is not a network; write it as \"10.0.0.0/8\" or \"2001:db8::/32\"", text));
  }
  std::array<std::uint8_t, 16> bytes{};
  inet_pton(family == 4 ? AF_INET : AF_INET6, address.c_str(), bytes.data());
  constexpr std::array<std::uint8_t, 16> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool all_mapped = family == 6 && bits <= 96 && same_prefix(bytes.data(), kMapped.data(), bits);
  if (bits == 0 || all_mapped) {
    return fail(ErrorCode::invalid_input,
                fmt::format("`{}` would let the whole internet in; name the networks that may submit", text));
  }
  return {};
}

bool is_host_name(std::string_view text, int min_labels) {
  if (text.empty() || text.size() > 253) return false;
  int labels = 0;
  std::size_t at = 0;
  while (at <= text.size()) {
    const auto dot = std::min(text.find('.', at), text.size());
    const auto label = text.substr(at, dot - at);
    const bool clean = std::ranges::all_of(
        label, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
    if (label.empty() || label.size() > 63 || !clean || label.front() == '-' || label.back() == '-')
      return false;
    ++labels;
    at = dot + 1;
  }
  return labels >= min_labels;
}

}  // namespace sluice::config
