#include "engine/app/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>

namespace sluice::app {
namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: the first byte begins no valid sequence
};

/// The code point at the front, by Unicode table 3-7: no overlong forms, no surrogates.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return {};
  char32_t value = lead & (0x7f >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3f);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) return {};
  return {value, length};
}

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](Range range) { return c >= range.first && c <= range.last; });
}

/// C1 controls, soft hyphen, zero-width and bidi controls, separators, variation and tag characters.
constexpr std::array kInvisible{Range{0x80, 0x9f},     Range{0xad, 0xad},      Range{0x61c, 0x61c},
                                Range{0x180e, 0x180e}, Range{0x200b, 0x200f},  Range{0x2028, 0x202e},
                                Range{0x2060, 0x206f}, Range{0xfe00, 0xfe0f},  Range{0xfeff, 0xfeff},
                                Range{0xfff9, 0xfffb}, Range{0xe0000, 0xe0fff}};

constexpr std::array kCombining{Range{0x300, 0x36f},   Range{0x483, 0x489},   Range{0x591, 0x5bd},
                                Range{0x610, 0x61a},   Range{0x64b, 0x65f},   Range{0x93a, 0x93c},
                                Range{0x941, 0x948},   Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff},
                                Range{0x20d0, 0x20ff}, Range{0xfe20, 0xfe2f}};

constexpr std::array kWide{Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},  Range{0x3041, 0xa4cf},
                           Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},  Range{0xfe30, 0xfe6f},
                           Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},  Range{0x1f300, 0x1f64f},
                           Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd}};

std::size_t width_of(char32_t c) {
  if (within(kCombining, c)) return 0;
  return within(kWide, c) ? 2 : 1;
}

std::size_t columns_of(int fd) {
  const char* named = std::getenv("COLUMNS");
  std::size_t columns = 0;
  if (named) std::from_chars(named, named + std::string_view(named).size(), columns);
  winsize size{};
  if (columns == 0 && ::ioctl(fd, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
  return columns == 0 ? 80 : std::clamp<std::size_t>(columns, 40, 400);
}

}  // namespace

Terminal Terminal::detect(int fd) {
  Terminal out;
  out.is_tty = ::isatty(fd) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  out.color = out.is_tty && (!no_color || !*no_color) && term && std::string_view(term) != "dumb";
  out.width = columns_of(fd);
  return out;
}

std::string safe_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [value, bytes] = decode(text);
    const auto lead = static_cast<unsigned char>(text.front());
    if (bytes == 0) {
      out += fmt::format("\\x{:02x}", lead);
    } else if (value == '\n') {
      out += "\\n";
    } else if (value == '\t') {
      out += "\\t";
    } else if (value == '\r') {
      out += "\\r";
    } else if (value < 0x20 || value == 0x7f) {
      out += fmt::format("\\x{:02x}", lead);
    } else if (within(kInvisible, value)) {
      out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(value));
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto [value, bytes] = decode(text);
    width += bytes == 0 ? 1 : width_of(value);
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return width;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::string out;
  std::size_t width = 0;
  while (!text.empty()) {
    const auto [value, bytes] = decode(text);
    const auto next = bytes == 0 ? 1 : width_of(value);
    if (width + next > columns - 1) break;
    width += next;
    out += text.substr(0, std::max<std::size_t>(bytes, 1));
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out + "…";
}

std::string pad_to(std::string_view text, std::size_t columns, bool right_aligned) {
  const auto width = display_width(text);
  const std::string padding(columns > width ? columns - width : 0, ' ');
  return right_aligned ? padding + std::string(text) : std::string(text) + padding;
}

std::string styled(const Terminal& terminal, Style style, std::string_view text) {
  constexpr std::array<std::string_view, 6> kCodes{"", "1", "2", "31", "32", "33"};
  const auto code = kCodes[static_cast<std::size_t>(style)];
  if (!terminal.color || code.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace sluice::app
